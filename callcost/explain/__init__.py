"""Explains a cost: where the instructions of a call go, from the interpreter's loop and back."""
