"""Times one expression, or two against each other; suites of calls are timed elsewhere."""
