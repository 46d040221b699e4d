"""Usage records in files: JSONL, CSV and Parquet, summed as they stream by.

`lines` reads a file in chunks of whole lines, and `templates` learns how its lines are written.
Lines that are written just so are cut a chunk at a time by numpy (`cutting`, `plain_lines`,
`record_columns`); any other goes to `rows`, which is slow, knows every rule, and tells reasons.
`summing` adds both up, and reads the lines of repeated ids again (`repeated_ids`). Where all is
Parquet, DuckDB sums the rows that leave no doubt, and only the others become lines
(`parquet_sums`, `parquet_ids`).
"""
