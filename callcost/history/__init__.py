"""Keeps every row of every run, and finds where a cost has changed, as advice."""
