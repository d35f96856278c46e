"""Builds the mechanisms; what they are and what they offer is in their own folders."""
