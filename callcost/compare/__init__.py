"""Measures the same contenders in two environments, interleaved, and says which became slower."""
