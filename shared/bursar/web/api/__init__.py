"""The JSON API: its routes, and errors as RFC 9457 has them."""
