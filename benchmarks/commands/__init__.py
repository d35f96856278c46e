"""Commands that belong to no other folder (list, run, which), and how a command measures."""
