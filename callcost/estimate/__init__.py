"""Turns epochs into figures and stores both on disk; nothing here measures."""
