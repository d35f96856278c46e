"""A folder for each mechanism, `<tool>_<mode>`: a model example of that tool. No measuring."""
