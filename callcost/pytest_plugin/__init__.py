"""The pytest plugin: the front; run/ measures, estimate/ evaluates, console/ shows."""
