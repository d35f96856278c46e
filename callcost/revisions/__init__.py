"""Turns `REV@PYTHON+REQUIREMENT` into an environment with the project; measures nothing."""
