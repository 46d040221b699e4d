"""One series' forecast as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from bursar.domain.money import Money
from bursar.jobs.read_forecast import ForeseenSeries
from bursar.web.series_charts import days_chart, month_chart


def render_forecast(shown: ForeseenSeries, lines: Sequence[str], limit: Money | None) -> str:
    """`lines` say in words what the charts show."""
    pages = Environment(
        loader=PackageLoader("bursar.web"), autoescape=True, undefined=StrictUndefined
    )
    return pages.get_template("forecast.html.j2").render(
        shown=shown, lines=lines, days=days_chart(shown, limit), month=month_chart(shown, limit)
    )
