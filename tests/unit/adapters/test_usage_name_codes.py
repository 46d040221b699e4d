"""Names have one code each, whatever names are beside them, and codes have their names back."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from bursar.adapters.usage_files.buffer import BEFORE, Buffer, Texts
from bursar.adapters.usage_files.name_codes import NameCodes
from bursar.adapters.usage_files.record_columns import Records
from tests.unit.for_all import for_all

# with the bytes and the lengths at which words end, and none of what is behind a text
NAMES = st.one_of(
    st.text(alphabet="ab\0\x01", max_size=18), st.sampled_from(["", "é", "\0" * 8, "a" * 128])
)
CHUNKS = st.lists(st.lists(st.tuples(NAMES, NAMES, st.booleans()), max_size=12), max_size=6)


def as_records(rows, *, batch):
    content, columns = b"", []
    for n in range(2):
        texts = [row[n].encode() for row in rows]
        lengths = np.array([len(text) for text in texts], np.int64)
        starts = len(BEFORE) + len(content) + np.cumsum(lengths) - lengths
        columns.append(Texts.of(starts, 0, lengths))
        content += b"".join(texts)
    places = np.arange(len(rows))
    told = np.array([row[2] for row in rows], np.bool_) if batch else None
    texts = dict(zip(("provider", "model"), columns, strict=True))
    return Records(Buffer.of(content), places, places, texts, None, told, {})


@for_all(chunks=CHUNKS)
def test_a_name_has_one_code_and_a_code_has_its_name(chunks):
    names, known = NameCodes(["provider", "model"]), {}
    for n, rows in enumerate(chunks):
        tells_batch = n % 2 == 0
        told = [(*row[:2], row[2] and tells_batch) for row in rows]
        codes, _ = names.of(as_records(told, batch=tells_batch))
        for row, code in zip(told, codes.tolist(), strict=True):
            assert known.setdefault(row, code) == code
    assert sorted(known.values()) == list(range(len(names)))
    in_order = sorted(known, key=known.__getitem__)
    for n, column in enumerate(("provider", "model")):
        found = names.labels(column)
        assert [found.texts[code] for code in found.codes.tolist()] == [row[n] for row in in_order]
        assert list(found.texts) == sorted({row[n] for row in in_order})
    assert names.are_batch(np.arange(len(names))).tolist() == [row[2] for row in in_order]
