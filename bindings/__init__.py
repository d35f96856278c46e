"""One folder per mechanism, `<tool>_<mode>`: a model example of that tool. It measures nothing."""
