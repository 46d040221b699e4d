"""HTTP to a Kubernetes API server: one list, whole, or an error that says why not.

Never `resourceVersion=0`: it makes the server ignore `limit` and answer everything at once.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from bursar.adapters.kubernetes_api.access import ClientCertificate, ClusterAccess
from bursar.adapters.kubernetes_api.decoding import UNDECODABLE
from bursar.domain.cluster.records import ClusterUnreadableError

PAGE_LIMIT = 500
_RESTARTS = 3
_TRIES_WHEN_BUSY = 5
_WAIT_AT_MOST_SECONDS = 60.0
_REASON_LENGTH = 300
_GZIP = 31  # zlib's window bits for a gzip header and trailer
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_LARGEST_HINT = 2**26  # of a page, uncompressed; a longer one only costs a copy


class ListNotServedError(ClusterUnreadableError):
    """The server does not have this list, or does not let us read it (404, 403, or 503)."""


class ListAbsentError(ListNotServedError):
    """The server does not have this list, or this object (404)."""


class ListExpiredError(ClusterUnreadableError):
    """The continue token outlived the server's history (410): the list must start again."""


class _Status(msgspec.Struct):
    message: str | None = None


class _Continued(Protocol):
    @property
    def continue_token(self) -> str: ...


_L = TypeVar("_L", bound=_Continued)
_STATUS = msgspec.json.Decoder(_Status)


class KubernetesTransport:
    """One connection to one API server. Not for sharing between threads."""

    def __init__(
        self,
        access: ClusterAccess,
        *,
        sleep: Callable[[float], None] = time.sleep,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 60.0,
    ) -> None:
        self._endpoint = access.endpoint.rstrip("/")
        self._renew_token = access.token
        self._token: str | None = None
        self._sleep = sleep
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=1,
            ssl_context=_tls(access) if access.endpoint.startswith("https:") else None,
            timeout=urllib3.Timeout(connect=connect_timeout_seconds, read=read_timeout_seconds),
            retries=False,
        )
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"bursar/{_version()}",
        }

    def close(self) -> None:
        self._pool.clear()

    def pages(
        self, path: str, decode: Callable[[bytes], _L], limit: int = PAGE_LIMIT
    ) -> Iterator[tuple[int, _L]]:
        """A list's pages, each with how often the list has been started again before it.

        When that number rises, the pages come from the beginning again: what was read before
        belongs to a list that has expired.

        Raises:
            ListNotServedError: 404 or 403.
            ClusterUnreadableError: anything else that keeps the list from being whole.
        """
        for restart in range(_RESTARTS + 1):
            try:
                for page in self._pages_once(path, decode, limit):
                    yield restart, page
                    del page  # before the next one is read: one page in memory at a time
            except ListExpiredError:
                continue
            return
        raise ClusterUnreadableError(
            f"{_name(path)}: the list expired {_RESTARTS + 1} times before its last page"
        )

    def get_page(self, path: str, limit: int = PAGE_LIMIT, continue_: str = "") -> bytes:
        """One page of a list, as JSON.

        Raises:
            ListExpiredError: 410. ListNotServedError: 404 or 403.
            ClusterUnreadableError: any other answer, or none.
        """
        query = {"limit": str(limit)} | ({"continue": continue_} if continue_ else {})
        return self.get(f"{path}?{urlencode(query)}")

    def get(self, path: str) -> bytes:
        """The body of any GET that answers 200; raises as `get_page` does."""
        status, body = self._request("GET", path, None)
        if status != 200:
            raise _refusal(path, status, body)
        return body

    def write(
        self, method: str, path: str, body: object, content_type: str = "application/json"
    ) -> tuple[int, str]:
        """Send an object; the status, and the object or what was said against it, as JSON.

        A server that is busy (429, 503) is asked again: it has done nothing.

        Raises:
            ClusterUnreadableError: nothing was answered; it may have been written.
        """
        status, told = self._request(
            method, path, msgspec.json.encode(body), {"Content-Type": content_type}
        )
        return status, told.decode("utf-8", "replace") if status < 300 else _said(told)

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """What is answered in the end: after a renewed token, and a wait as long as is asked."""
        renewed, tries, waited = False, 1, 0.0
        while True:
            status, told, answer = self._ask(method, path, body, headers or {})
            if status == 401 and self._renew_token is not None and not renewed:
                renewed, self._token = True, None
                continue
            wait = _wait_seconds(status, told.get("Retry-After"))
            if wait is None or tries == _TRIES_WHEN_BUSY or waited + wait > _WAIT_AT_MOST_SECONDS:
                return status, answer
            self._sleep(wait)
            tries, waited = tries + 1, waited + wait

    def _pages_once(self, path: str, decode: Callable[[bytes], _L], limit: int) -> Iterator[_L]:
        token = ""
        while True:
            try:
                page = decode(self.get_page(path, limit, token))
            except UNDECODABLE as error:
                raise ClusterUnreadableError(
                    f"{_name(path)}: not the list that Kubernetes answers: {error}"
                ) from error
            last, token = token, page.continue_token
            yield page
            if not token:
                return
            if token == last:
                raise ClusterUnreadableError(f"{_name(path)}: the same page is offered for ever")
            del page

    def _ask(
        self, method: str, path: str, sent: bytes | None, more: dict[str, str]
    ) -> tuple[int, urllib3.HTTPHeaderDict, bytes]:
        headers = {**self._headers, **more}
        if self._renew_token is not None:
            if self._token is None:
                self._token = _checked(self._renew_token())
            headers = {**headers, "Authorization": f"Bearer {self._token}"}
        try:
            response = self._pool.request(
                method,
                self._endpoint + path,
                body=sent,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            body = response.read(decode_content=False)
            response.release_conn()
        except (HTTPError, OSError) as error:
            raise ClusterUnreadableError(f"{_name(path)}: {_reason(error)}") from error
        if response.headers.get("Content-Encoding") == "gzip":
            body = _inflate(path, body)
        return response.status, response.headers, body


def _checked(token: str) -> str:
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise ClusterUnreadableError("the bearer token is empty, or cannot stand in a header")
    return token


def _inflate(path: str, body: bytes) -> bytes:
    # gzip ends with its length: with the right buffer at once, nothing is copied twice
    hint = int.from_bytes(body[-4:], "little")
    try:
        return zlib.decompress(body, _GZIP, max(1, min(hint, _LARGEST_HINT)))
    except zlib.error as error:
        raise ClusterUnreadableError(f"{_name(path)}: the gzip body is broken: {error}") from error


def _wait_seconds(status: int, retry_after: str | None) -> float | None:
    """How long the server asks us to wait; None when it does not say to come back."""
    if status not in (429, 503) or (status == 503 and retry_after is None):
        return None
    asked = (retry_after or "").strip()
    return max(1.0, float(asked)) if asked.isascii() and asked.isdigit() else 1.0


def _said(body: bytes) -> str:
    try:
        said = _STATUS.decode(body).message or ""
    except UNDECODABLE:
        said = body[:_REASON_LENGTH].decode("utf-8", "replace")
    return said[:_REASON_LENGTH]


def _refusal(path: str, status: int, body: bytes) -> ClusterUnreadableError:
    reason = f"{_name(path)}: the API server answered {status}: {_said(body)}"
    if status == 404:
        return ListAbsentError(reason)
    if status == 403:
        return ListNotServedError(reason)
    if status == 410:
        return ListExpiredError(reason)
    if status == 503 and path.startswith("/apis/"):
        # an aggregated API (metrics) whose own server is away; the rest of the cluster answers
        return ListNotServedError(reason)
    return ClusterUnreadableError(reason)


def _name(path: str) -> str:
    list_path = path.partition("?")[0].strip("/")
    return "pod metrics" if "metrics.k8s.io" in list_path else list_path.rpartition("/")[2]


def _reason(error: Exception) -> str:
    told = _ADDRESS.sub("", str(error))  # the same failure is told in the same words
    return f"{type(error).__name__}: {told}"[:_REASON_LENGTH]


def _tls(access: ClusterAccess) -> ssl.SSLContext:
    try:
        authority = access.certificate_authority
        context = ssl.create_default_context(
            cadata=None if authority is None else base64.b64decode(authority).decode("ascii")
        )
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.client_certificate is not None:
            _present(context, access.client_certificate)
    except (binascii.Error, UnicodeDecodeError, ssl.SSLError) as error:
        raise ClusterUnreadableError(
            f"the cluster's certificates cannot be used: {_reason(error)}"
        ) from error
    return context


def _present(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    with certificate.files() as (certificate_file, key_file):
        context.load_cert_chain(certificate_file, key_file)


def _version() -> str:
    try:
        return metadata.version("bursar")
    except metadata.PackageNotFoundError:
        return "0"  # a Lambda bundle carries the code without its metadata
