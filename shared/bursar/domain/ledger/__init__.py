"""The ledger of metered usage: entries that are posted once, and the balances they add up to."""
