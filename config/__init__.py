"""Settings as data, how they are read, and the feeds and topics shipped with the program."""
