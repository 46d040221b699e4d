"""Admission: money that is held before it is spent, so that no limit is passed in between."""
