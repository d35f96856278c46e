"""Explains what the instructions of a call are spent on; counting them is in instructions/."""
