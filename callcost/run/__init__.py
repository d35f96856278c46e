"""Starts workers and gathers what they time; what the times mean is decided in estimate/."""
