"""The pytest plugin; what it measures and shows comes from the other folders."""
