"""Anomalies as events: one from its start to its end, told once, with what made it."""
