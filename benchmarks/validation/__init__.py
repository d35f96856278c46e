"""Studies of the instrument, each with its own record in results/; no user's command needs them."""
