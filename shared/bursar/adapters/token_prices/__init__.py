"""What tokens cost, from public data."""
