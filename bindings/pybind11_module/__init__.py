"""pybind11, a C function registered with m.def and its parameter named with py::arg.

Idiomatic: as in pybind11's first steps. Every call goes through a dispatcher that tries the
overloads of the name in turn. Takes keywords, as the parameter has a name. Holds the GIL.
"""

from ._module import fibonacci, get_pi

fibonacci_keyword = fibonacci

__all__ = ["fibonacci", "fibonacci_keyword", "get_pi"]
