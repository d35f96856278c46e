"""Starts workers and collects their times; estimate/ decides what the times mean."""
