"""Compiles nothing at install; importing the mechanism needs numpy."""

REQUIRES = ["numpy"]
