"""What a month will come to: exact so far, and a forecast of the rest with its intervals."""
