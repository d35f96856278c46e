# cython: language_level=3, freethreading_compatible=True
"""def functions around a C header: the Python signature is all there is to write."""

cdef extern from "core.h":
    int c_fibonacci "fibonacci"(int n) nogil
    float c_get_pi "get_pi"() nogil


def get_pi():
    """Return 3.14 as a C float holds it."""
    return c_get_pi()


def fibonacci(int n):
    """Return the n-th Fibonacci number."""
    return c_fibonacci(n)
