"""The command `callcost compare`: two texts in, a report out; paired/ measures and decides."""
