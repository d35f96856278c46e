"""One package per mechanism and mode: `<tool>_<mode>`, each a model example of that tool."""
