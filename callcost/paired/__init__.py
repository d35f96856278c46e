"""Measures the same rows on two sides in turns, and decides what the times show.

It does not know where the sides come from.
"""
