"""How to reach one cluster, and how to prove who asks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TokenSource = Callable[[], str]


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)

    @contextmanager
    def files(self) -> Iterator[tuple[Path, Path]]:
        """Both as files, for as long as the block runs: `ssl` reads only files.

        The folder is ours alone to enter.
        """
        with tempfile.TemporaryDirectory(prefix="bursar-") as folder:
            paths = Path(folder, "certificate"), Path(folder, "key")
            for path, content in zip(paths, (self.certificate, self.key), strict=True):
                path.write_bytes(content)
            yield paths


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """An API endpoint with what is needed to trust it and be trusted.

    `certificate_authority` is base64 of PEM, as EKS gives it; None trusts the system's.
    `token` answers a fresh bearer token each time it is called; it is called again on a 401.
    """

    endpoint: str
    certificate_authority: str | None = None
    insecure: bool = False  # trusts any certificate; only a kubeconfig that says so asks for it
    client_certificate: ClientCertificate | None = None
    token: TokenSource | None = field(default=None, repr=False)
    name: str = ""  # what people call the cluster: its context in a kubeconfig
