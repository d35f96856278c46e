"""The commands that need no folder of their own."""
