"""Exceptions, their allowances and the audit in the table."""
