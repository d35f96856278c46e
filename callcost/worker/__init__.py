"""The scripts that run inside a measured interpreter; they need only the standard library."""
