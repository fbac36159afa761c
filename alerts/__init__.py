"""Facts in, messages out: rules read the log, the outbox sends what they raise."""
