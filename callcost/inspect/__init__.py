"""What a loader and ctypes can see in a shared library."""
