"""A raw snapshot as bytes: MessagePack, gzipped. 150,000 pods come to about 3 MB."""

from __future__ import annotations

import gzip
import zlib

import msgspec

from bursar.domain.cluster.records import ClusterSnapshot

_decoder = msgspec.msgpack.Decoder(ClusterSnapshot)


class SnapshotCorruptError(Exception):
    """Stored bytes are not a snapshot of this version."""


def encode(snapshot: ClusterSnapshot) -> bytes:
    return gzip.compress(msgspec.msgpack.encode(snapshot), compresslevel=4, mtime=0)


def decode(data: bytes) -> ClusterSnapshot:
    try:
        return _decoder.decode(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise SnapshotCorruptError(str(error)) from error
