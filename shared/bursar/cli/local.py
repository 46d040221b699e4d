"""`bursar local`: the whole guard on one machine, on the deployment template, with no account."""

from __future__ import annotations

from cyclopts import App

app = App(name="local", help="Run the whole guard on this machine, with no AWS account.")
