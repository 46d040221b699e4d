"""A Parquet file of usage in SQL: what stands for each column where nothing is told, and the
rules that a record has to keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bursar.adapters.usage_files.grouping import SUMS_OF, TIMES
from bursar.adapters.usage_files.parquet_rows import source_of
from bursar.adapters.usage_files.record_columns import DEFAULTS, MOST
from bursar.adapters.usage_files.rows import COUNTS, NAMES, TOKENS
from bursar.domain.usage.file_costs import Dimension
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES

ROW_NUMBER = "file_row_number"  # as DuckDB names it
NO_ID, TOO_LONG = 0, 1  # where the hash of an id would stand, which is above both


class ParquetFile:
    """Expressions over the rows of `source`; `types` are those of its columns that are known.

    `keys` are what prices a row and what is asked for; `grouped` are those that rows differ in.
    `sums` are by their names in `GroupedUsage`.
    `keeps_rules` is every rule but that of the id, whose hash tells when it is too long. What
    `rows_keep` are its rules that the keys do not tell, and `keys_keep` the others: DuckDB is
    spared a rule that the extremes of a column tell to be kept, where none but AND joins it. A
    rule is broken that is null.
    """

    def __init__(
        self, path: Path, types: Mapping[str, str], by: Sequence[Dimension], until: int
    ) -> None:
        self.types = types
        self.source = source_of(path, f"{ROW_NUMBER} = true")
        names = ("id", "currency", *NAMES)
        texts = {n: f"coalesce(\"{n}\", '')" if n in types else "''" for n in names}
        at = 'epoch_us("at")' if "at" in types else "NULL"
        batch = "coalesce(batch, false)" if "batch" in types else "false"
        self.price_names = (texts["provider"], texts["model"], batch)
        columns = ["provider", "model", "batch", *("at" if n in TIMES else n.value for n in by)]
        of_time = (f"{at} // {TIMES[n]}" if n in TIMES else texts[n.value] for n in by)
        self.keys = (*self.price_names, *of_time)
        told = (key for key, column in zip(self.keys, columns, strict=True) if column in types)
        self.grouped = list(dict.fromkeys(told))
        self.sums = {"records": "count(*)"} | {
            name: self._sum(column)
            for column, name in SUMS_OF.items()
            if column in types or DEFAULTS[column]
        }
        self._texts, self._at = texts, at
        of_names = list(self._name_rules())
        of_rows = [*self._count_rules(), self._time_rule(by, until)]
        of_rows += [rule for name, rule in of_names if name not in columns]
        self.rows_keep = " AND ".join(of_rows)
        self.keys_keep = " AND ".join(rule for name, rule in of_names if name in columns)
        self.keeps_rules = f"{self.rows_keep} AND {self.keys_keep}"

    def id_hash(self, bits: int) -> str:
        """Of the producer and the id: 32 or 64 bits."""
        id = self._texts["id"]
        found = f"hash({self._texts['producer']}, {id}) >> {64 - bits}"
        return (
            f"CASE WHEN {id} = '' THEN {NO_ID} WHEN strlen({id}) > {LONGEST_ID_BYTES}"
            f" THEN {TOO_LONG} ELSE ({found}) | 2::UBIGINT END::UINT{bits}"
        )

    def _sum(self, name: str) -> str:
        return f"sum({self._count(name)})" if name in self.types else "count(*)"

    def _count(self, name: str) -> str:
        default = DEFAULTS[name]
        return f'coalesce("{name}", {default})' if name in self.types else f"{default}"

    def _name_rules(self) -> Iterator[tuple[str, str]]:
        yield "model", f"{self._texts['model']} <> ''"
        for name in self.types:
            if name == "currency":
                yield name, f"{self._texts[name]} IN ('', 'USD')"
            elif name in NAMES:
                yield name, f"strlen({self._texts[name]}) <= {LONGEST_NAME_BYTES}"

    def _count_rules(self) -> Iterator[str]:
        needed = [n for n in ("input_tokens", "output_tokens") if n in self.types]
        yield f"({' OR '.join(f'{n} IS NOT NULL' for n in needed) or 'false'})"
        yield from (
            f'coalesce("{n}" BETWEEN 0 AND {MOST}, true)' for n in COUNTS if n in self.types
        )
        parts = [n for n in TOKENS[1:4] if n in self.types]
        whole = self._count("input_tokens")
        if len(parts) == 1:
            yield f"{self._count(parts[0])} <= {whole}"
        elif parts:  # exact up to 2^53, and without overflow in rows that other rules exclude
            yield f"{' + '.join(f'{self._count(n)}::DOUBLE' for n in parts)} <= {whole}"
        if "reasoning_tokens" in self.types:
            yield f"{self._count('reasoning_tokens')} <= {self._count('output_tokens')}"

    def _time_rule(self, by: Sequence[Dimension], until: int) -> str:
        timeless = f"{self._at} IS NULL" if not set(by) & set(TIMES) else "false"
        return f"({timeless} OR {self._at} BETWEEN 0 AND {until})"
