"""Speed beside peers, in one run: ratios, never seconds to be held."""
