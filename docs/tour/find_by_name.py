"""Calls int FUNCTION(int) of a library with 10: `find_by_name.py LIBRARY FUNCTION`."""

import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
try:
    print(library[sys.argv[2]](10))
except AttributeError as error:
    print("AttributeError:", error)
