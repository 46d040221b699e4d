"""ULIDs: ids that sort by the time they were made (github.com/ulid/spec).

48 bits of milliseconds since 1970, then 80 random bits, as 26 letters of Crockford's base 32.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

RANDOM_BYTES = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ulid(at: datetime, random_bytes: bytes) -> str:
    """The id of this millisecond and these ten random bytes.

    Raises:
        ValueError: there are not ten bytes, or the time is before 1970.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a ULID takes {RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise ValueError(f"{at} is before 1970")
    number = milliseconds << 80 | int.from_bytes(random_bytes, "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
