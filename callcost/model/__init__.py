"""Plain data that describes what is measured and what came of it; nothing here starts a process."""
