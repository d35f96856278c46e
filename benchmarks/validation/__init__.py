"""Studies of the instrument, each with its record in results/; no user command needs them."""
