"""What is measured: the catalogue of workloads, and the pytest modules that run them."""
