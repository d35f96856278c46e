"""Prints the compiler option that finds this Python's C headers."""

import sysconfig

print(f"-I{sysconfig.get_path('include')}")
