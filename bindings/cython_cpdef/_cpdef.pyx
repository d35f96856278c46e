# cython: language_level=3, freethreading_compatible=True
"""cpdef functions around a C header: callable from Python, and as C from other Cython code."""

cdef extern from "core.h":
    int c_fibonacci "fibonacci"(int n) nogil
    float c_get_pi "get_pi"() nogil


cpdef float get_pi() noexcept:
    """Return 3.14 as a C float holds it."""
    return c_get_pi()


# noexcept: the C function cannot raise, so no caller needs to ask whether it did.
cpdef int fibonacci(int n) noexcept:
    """Return the n-th Fibonacci number."""
    return c_fibonacci(n)
