"""Calls get_pi as ctypes finds it, then with its type declared."""

import ctypes

library = ctypes.CDLL("./libcore.so")
get_pi = library.get_pi  # float get_pi(void)

print("nothing declared:", get_pi())
get_pi.restype = ctypes.c_float
print("restype declared:", get_pi())
