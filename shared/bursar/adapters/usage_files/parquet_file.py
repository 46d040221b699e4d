"""A Parquet file of usage in SQL: what stands for each column where nothing is told, and the
rules that a record has to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bursar.adapters.usage_files.grouping import TIMES
from bursar.adapters.usage_files.record_columns import DEFAULTS, MOST
from bursar.adapters.usage_files.rows import COUNTS, NAMES, SUMMED, TOKENS
from bursar.domain.usage.file_costs import Dimension
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES

NO_ID, TOO_LONG = 0, 1  # where the hash of an id would stand, which is above both


class ParquetFile:
    """Expressions over the rows of `source`; `types` are those of its columns that are known.

    `keeps_rules` is every rule but that of the id, whose hash tells when it is too long.
    """

    def __init__(
        self, path: Path, types: Mapping[str, str], by: Sequence[Dimension], until: int
    ) -> None:
        self.types = types
        quoted = str(path).replace("'", "''")
        self.source = f"read_parquet('{quoted}', file_row_number = true)"
        names = ("id", "currency", *NAMES)
        texts = {n: f"coalesce(\"{n}\", '')" if n in types else "''" for n in names}
        at = 'epoch_us("at")' if "at" in types else "NULL"
        batch = "coalesce(batch, false)" if "batch" in types else "false"
        self.price_names = (texts["provider"], texts["model"], batch)
        id = texts["id"]
        self.id_hash = (
            f"CASE WHEN {id} = '' THEN {NO_ID}::UBIGINT"
            f" WHEN strlen({id}) > {LONGEST_ID_BYTES} THEN {TOO_LONG}::UBIGINT"
            f" ELSE hash({texts['producer']}, {id}) | 2::UBIGINT END"
        )
        self.by = [f"{at} // {TIMES[n]}" if n in TIMES else texts[n.value] for n in by]
        self.sums = [f"sum({self._count(name)})" for name in SUMMED]
        self._texts, self._at = texts, at
        rules = (*self._name_rules(), *self._count_rules(), self._time_rule(by, until))
        self.keeps_rules = f"coalesce({' AND '.join(rules)}, false)"

    def _count(self, name: str) -> str:
        default = DEFAULTS[name]
        return f'coalesce("{name}", {default})' if name in self.types else f"{default}"

    def _name_rules(self) -> Iterator[str]:
        yield f"{self._texts['model']} <> ''"
        for name in self.types:
            if name == "currency":
                yield f"{self._texts[name]} IN ('', 'USD')"
            elif name in NAMES:
                yield f"strlen({self._texts[name]}) <= {LONGEST_NAME_BYTES}"

    def _count_rules(self) -> Iterator[str]:
        needed = [n for n in ("input_tokens", "output_tokens") if n in self.types]
        yield f"({' OR '.join(f'{n} IS NOT NULL' for n in needed) or 'false'})"
        yield from (
            f'coalesce("{n}" BETWEEN 0 AND {MOST}, true)' for n in COUNTS if n in self.types
        )
        parts = [n for n in TOKENS[1:4] if n in self.types]
        if parts:  # exact up to 2^53, and without overflow in rows that other rules exclude
            whole = self._count("input_tokens")
            yield f"{' + '.join(f'{self._count(n)}::DOUBLE' for n in parts)} <= {whole}"
        if "reasoning_tokens" in self.types:
            yield f"{self._count('reasoning_tokens')} <= {self._count('output_tokens')}"

    def _time_rule(self, by: Sequence[Dimension], until: int) -> str:
        timeless = f"{self._at} IS NULL" if not set(by) & set(TIMES) else "false"
        return f"({timeless} OR {self._at} BETWEEN 0 AND {until})"
