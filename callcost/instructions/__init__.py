"""Counts instructions under callgrind, and reads its profiles; nothing here takes a time."""
