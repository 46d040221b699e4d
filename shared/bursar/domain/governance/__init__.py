"""Governance: what needs somebody's signature, who may sign, and what a signature is worth."""
