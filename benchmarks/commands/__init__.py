"""Commands that belong to no other folder (list, run), and how a command measures."""
