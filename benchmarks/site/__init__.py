"""Writes a static site from recorded runs: the pages that people look at, and cite."""
