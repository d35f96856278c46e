"""Keeps the rows of many runs and finds changes of cost; measuring and drawing are elsewhere."""
