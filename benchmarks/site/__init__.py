"""Writes a static site from recorded runs; figures for README and docs are in charts/."""
