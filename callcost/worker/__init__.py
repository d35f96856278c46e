"""What runs inside a measured interpreter: scripts that need the standard library alone."""
