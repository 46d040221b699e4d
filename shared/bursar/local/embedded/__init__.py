"""An AWS small enough for a laptop: the synthesized stack is deployed, its real handlers run."""
