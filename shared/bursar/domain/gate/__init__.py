"""What a job will cost, from its manifest, and whether it may start."""
