"""The bucket of the fixture `bucket`."""

BUCKET = "kept"
