"""Studies of the instrument, each with its record in results/; no command of users needs them."""
