"""A kubeconfig file: which cluster a context means, and how it proves who asks."""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml
from msgspec import Struct, field

from bursar.adapters.kubernetes_api.access import ClientCertificate, ClusterAccess, TokenSource
from bursar.adapters.kubernetes_api.decoding import UNDECODABLE
from bursar.domain.cluster.records import ClusterUnreadableError

_PLUGIN_TIMEOUT_SECONDS = 60
_SAID_LENGTH = 300


class KubeconfigError(ClusterUnreadableError):
    """The file, or something that it names, is missing or does not do what it should."""


class _Cluster(Struct, rename="kebab"):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool = False


class _Variable(Struct):
    name: str
    value: str = ""


class _Exec(Struct, rename="camel"):
    command: str
    args: list[str] | None = None
    env: list[_Variable] | None = None
    api_version: str = "client.authentication.k8s.io/v1beta1"


class _User(Struct, rename="kebab"):
    token: str | None = None
    token_file: str | None = field(default=None, name="tokenFile")
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    exec: _Exec | None = None


class _Context(Struct):
    cluster: str
    user: str = ""


class _NamedCluster(Struct):
    name: str
    cluster: _Cluster


class _NamedUser(Struct):
    name: str
    user: _User | None = None


class _NamedContext(Struct):
    name: str
    context: _Context


class _Kubeconfig(Struct, rename="kebab"):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str = ""


class _Credential(Struct):
    token: str | None = None


class _ExecCredential(Struct):
    status: _Credential | None = None


_Named = TypeVar("_Named", _NamedCluster, _NamedUser, _NamedContext)


def read_kubeconfig(path: Path, context: str | None = None) -> ClusterAccess:
    """The access that a context gives; the file's current context when none is named.

    Raises:
        KubeconfigError: the file or one of its parts is missing or malformed. A token plugin
            runs later, whenever a token is wanted, and raises the same.
    """
    config = _load(path)
    wanted = context or config.current_context
    if not wanted:
        raise KubeconfigError(f"{path}: no context is named, and there is no current-context")
    chosen = _find("context", wanted, config.contexts, path).context
    cluster = _find("cluster", chosen.cluster, config.clusters, path).cluster
    user = _User()
    if chosen.user:
        user = _find("user", chosen.user, config.users, path).user or user
    folder = path.parent
    return ClusterAccess(
        endpoint=cluster.server,
        certificate_authority=_authority(cluster, folder),
        insecure=cluster.insecure_skip_tls_verify,
        client_certificate=_certificate(user, folder),
        token=_token_source(user, folder),
        name=wanted,
    )


class ExecToken:
    """Runs a credential plugin, such as `aws eks get-token`, for a token at each call."""

    def __init__(self, plugin: _Exec, folder: Path) -> None:
        self._plugin = plugin
        self._folder = folder

    def __call__(self) -> str:
        plugin = self._plugin
        command = plugin.command
        if os.sep in command:  # relative to the file, as kubectl has it
            command = str(self._folder / command)
        said = _run([command, *(plugin.args or ())], self._environment())
        try:
            status = msgspec.json.decode(said, type=_ExecCredential).status
        except UNDECODABLE as error:
            raise KubeconfigError(
                f"{plugin.command} answered no ExecCredential: {error}"
            ) from None
        if status is None or not status.token:
            raise KubeconfigError(f"{plugin.command} answered a credential without a token")
        return status.token

    def _environment(self) -> dict[str, str]:
        asked = {
            "apiVersion": self._plugin.api_version,
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        own = {one.name: one.value for one in self._plugin.env or ()}
        return {**os.environ, "KUBERNETES_EXEC_INFO": json.dumps(asked), **own}


def _run(command: Sequence[str], environment: dict[str, str]) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own kubeconfig names the command
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PLUGIN_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KubeconfigError(f"{command[0]} did not run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-_SAID_LENGTH:]
        raise KubeconfigError(f"{command[0]} failed with status {done.returncode}: {said}")
    return done.stdout


def _load(path: Path) -> _Kubeconfig:
    try:
        return msgspec.convert(yaml.safe_load(path.read_bytes()), _Kubeconfig)
    except (OSError, yaml.YAMLError, msgspec.MsgspecError) as error:
        raise KubeconfigError(f"{path} is not a kubeconfig: {error}") from error


def _find(kind: str, name: str, among: list[_Named] | None, path: Path) -> _Named:
    for one in among or ():
        if one.name == name:
            return one
    raise KubeconfigError(f"{path}: there is no {kind} {name!r}")


def _authority(cluster: _Cluster, folder: Path) -> str | None:
    if cluster.certificate_authority_data:
        return cluster.certificate_authority_data
    if cluster.certificate_authority:
        return base64.b64encode(_file(folder, cluster.certificate_authority)).decode()
    return None


def _certificate(user: _User, folder: Path) -> ClientCertificate | None:
    certificate = _content(user.client_certificate_data, user.client_certificate, folder)
    key = _content(user.client_key_data, user.client_key, folder)
    if (certificate is None) != (key is None):
        raise KubeconfigError("a client certificate needs its key, and a key its certificate")
    return ClientCertificate(certificate, key) if certificate and key else None


def _token_source(user: _User, folder: Path) -> TokenSource | None:
    if user.token_file:  # it wins over the token, and is rotated: read it each time
        named = user.token_file
        return lambda: _file(folder, named).decode("ascii", "replace")
    if user.token:
        token = user.token
        return lambda: token
    return ExecToken(user.exec, folder) if user.exec else None


def _content(data: str | None, named: str | None, folder: Path) -> bytes | None:
    if data:
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise KubeconfigError(f"a certificate or key is not base64: {error}") from None
    return _file(folder, named) if named else None


def _file(folder: Path, named: str) -> bytes:
    try:
        return (folder / named).read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{named} cannot be read: {error}") from error
