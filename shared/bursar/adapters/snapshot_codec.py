"""A raw snapshot as bytes: MessagePack, gzipped. 150,000 pods come to about 3 MB."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from bursar.domain.cluster.records import ClusterSnapshot, Node


@dataclass(frozen=True, slots=True)
class _ListedNodes:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _NodesOnly:
    """What is decoded of a snapshot where only its nodes are wanted: pods are skipped unread."""

    inventory: _ListedNodes


_decoder = msgspec.msgpack.Decoder(ClusterSnapshot)
_nodes_decoder = msgspec.msgpack.Decoder(_NodesOnly)
_T = TypeVar("_T")


class SnapshotCorruptError(Exception):
    """Stored bytes are not a snapshot of this version."""


def encode(snapshot: ClusterSnapshot) -> bytes:
    return gzip.compress(msgspec.msgpack.encode(snapshot), compresslevel=4, mtime=0)


def decode(data: bytes) -> ClusterSnapshot:
    return _decoded(data, _decoder)


def decode_nodes(data: bytes) -> tuple[Node, ...]:
    return _decoded(data, _nodes_decoder).inventory.nodes


def _decoded(data: bytes, decoder: msgspec.msgpack.Decoder[_T]) -> _T:
    try:
        return decoder.decode(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise SnapshotCorruptError(str(error)) from error
