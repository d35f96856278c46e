"""The command `callcost compare`: two texts in, verdicts and an exit code out."""
