"""Facts, and what they add up to: the append-only log and everything folded from it."""
