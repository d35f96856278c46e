"""Prints the compiler's option by which the C headers of this Python are found."""

import sysconfig

print(f"-I{sysconfig.get_path('include')}")
