"""Two revisions side by side: what a SPEC means, and the environments that are made of it."""
