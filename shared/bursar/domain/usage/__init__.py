"""What models were used: records of requests and tokens, and what a token costs."""
