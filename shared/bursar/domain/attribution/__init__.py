"""Whose every dollar is: self-hosted models by their tokens, the rest by rules, no rest lost."""
