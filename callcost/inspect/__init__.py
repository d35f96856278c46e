"""Reads what a shared library shows a loader and ctypes; nothing here loads or runs one."""
