"""Turns epochs into figures, and keeps both on disk; nothing here measures."""
