"""Times one expression, or two against each other: what `callcost time` is made of."""
