"""Stops: what happens when a budget is used up, and how all of it is undone."""
