"""One folder per mechanism, `<tool>_<mode>`: a model example of its tool; nothing here measures."""
