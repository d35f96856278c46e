"""What is measured: the catalogue and the pytest modules that run it; callcost/ measures."""
