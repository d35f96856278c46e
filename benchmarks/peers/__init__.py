"""The same rows by other harnesses, to show beside ours how far their figures repeat."""
