"""Measures the same rows on two sides in turns, and decides what the times show.

Does not know where the sides come from.
"""
