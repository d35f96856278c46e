"""Plain data that describes what is measured and the results; nothing here starts a process."""
