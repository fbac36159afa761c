"""The daemon: it looks at feeds, decides what is new, and carries it into the log."""
