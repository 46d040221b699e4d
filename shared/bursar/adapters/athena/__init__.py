"""Athena's sums over bulk usage; the query stands in `rollup.sql`."""
