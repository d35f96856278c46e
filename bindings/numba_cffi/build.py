"""Compiles nothing at install; importing the mechanism needs numba."""

REQUIRES = ["numba"]
