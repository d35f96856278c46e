"""Builds the mechanisms. Their own folders say what they are and what they offer."""
