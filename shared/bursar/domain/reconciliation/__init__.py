"""The metered book against what providers bill: differences, and what each part of them is."""
