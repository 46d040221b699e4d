"""Lines that are written as a template says, taken apart a chunk at a time.

A line is plain only if there is one way to read it: it is cut as the template says, no value
holds a quote, a backslash or a control character, in CSV neither a comma, counts are bare digits,
and times are in UTC. What is not plain is handed back, to be read with every rule.
"""

from __future__ import annotations

import numpy as np

from bursar.adapters.usage_files.buffer import BEFORE, Buffer
from bursar.adapters.usage_files.cutting import Cutter, Lines
from bursar.adapters.usage_files.quoted_cells import newlines_in_cells
from bursar.adapters.usage_files.record_columns import Records, TakenColumns
from bursar.adapters.usage_files.rows import COUNTS, NAMES
from bursar.adapters.usage_files.words import Integers, Mask

_NEWLINE, _RETURN = b"\n\r"
_FIRST_PRINTED, _FIRST_BEYOND_ASCII = 32, 128
_NONE: Mask = np.zeros(0, np.bool_)


def split_lines(
    buffer: Buffer, first: int, places: int | Integers, csv: bool
) -> tuple[Lines, Lines, int]:
    """Lines numbered from the first, which starts at this place in the file; or each at its. A
    carriage return may end them. Those with another control character, in JSON a backslash, or
    bytes that are no UTF-8 come second. How many newlines there are is third: in quoted cells of
    `csv` they end no line.
    """
    controls = buffer.places(buffer.bytes < _FIRST_PRINTED)
    is_newline = buffer.bytes[controls] == _NEWLINE
    all_newlines = controls if is_newline.all() else controls[is_newline]
    if csv and buffer.has_quotes:
        inside = np.fromiter(newlines_in_cells(buffer.content), np.int64) + len(BEFORE)
        is_newline[np.searchsorted(controls, inside)] = False
    suspects = []
    newlines, ends = controls, controls
    if not is_newline.all():
        newlines, others = controls[is_newline], controls[~is_newline]
        returns = buffer.bytes[newlines - 1] == _RETURN
        ends = newlines - returns
        suspects.append(np.setdiff1d(others, ends[returns], assume_unique=True))
    starts = np.empty_like(ends)
    starts[:1], starts[1:] = len(BEFORE), newlines[:-1] + 1
    if isinstance(places, int):
        places = starts + (places - len(BEFORE))
    numbers = np.arange(first, first + len(ends))
    if len(newlines) < len(all_newlines):
        numbers = first + np.searchsorted(all_newlines, starts)
    lines = Lines(buffer, starts, ends, numbers, places)
    if not csv and b"\\" in buffer.padded:
        suspects.append(np.flatnonzero(buffer.bytes == ord("\\")))
    if not buffer.padded.isascii() and not _is_utf8(buffer.padded):
        suspects.append(np.flatnonzero(buffer.bytes >= _FIRST_BEYOND_ASCII))
    suspect = lines.any_within(np.concatenate(suspects)) if suspects else _NONE
    if not suspect.any():
        return lines, lines.where(slice(0)), len(all_newlines)
    return lines.where(~suspect), lines.where(suspect), len(all_newlines)


def records_of(
    lines: Lines, cutter: Cutter, until: int, *, as_before: bool
) -> tuple[Records | None, Mask]:
    """The records of the plain lines, and which of the lines those are. See `Cutter.cut`."""
    template = cutter.template
    names = {column.name for column in template.valued}
    if "model" not in names or not {"input_tokens", "output_tokens"} & names:
        return None, np.zeros(len(lines), np.bool_)
    plain, values = cutter.cut(lines, as_before=as_before)
    if not plain.any():
        return None, plain
    cut_so = lines if plain.all() else lines.where(plain)
    taken = TakenColumns(lines.buffer, template, values)
    good = taken.are_values()
    records = Records(
        buffer=lines.buffer,
        numbers=cut_so.numbers,
        places=cut_so.places,
        texts={n: t for n in ("id", *NAMES) if (t := taken.text(n, good)) is not None},
        at=taken.at(good, until),
        batch=taken.batch(good),
        counts={n: c for n in COUNTS if (c := taken.count(n, good)) is not None},
    )
    taken.check_rules(records, good)
    if good.all():
        return records, plain
    plain[plain] = good
    return records.where(good), plain


def _is_utf8(content: bytes | bytearray) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
