# cython: language_level=3, freethreading_compatible=True
"""The C core's algorithms rewritten in Cython: static types, and no C library."""


# cdef: the recursion calls a C function. noexcept: it cannot raise, so callers need not check.
cdef int _fibonacci(int n) noexcept:
    if n <= 0:
        return 0
    if n == 1:
        return 1
    return _fibonacci(n - 1) + _fibonacci(n - 2)


def fibonacci(int n, /):
    """Return the n-th Fibonacci number by plain recursion; 0 for every n <= 0."""
    return _fibonacci(n)


def fibonacci_keyword(int n):
    """Return the n-th Fibonacci number by plain recursion; 0 for every n <= 0."""
    return _fibonacci(n)


def fill_array(double[::1] values not None, double value, /):
    """Store value in each place."""
    cdef Py_ssize_t i
    for i in range(values.shape[0]):
        values[i] = value


cdef unsigned _work(int steps) noexcept nogil:
    cdef unsigned number = 1
    for _ in range(steps):
        number = number * 1664525u + 1013904223u
    return number


def work_held(int steps, /):
    """Return the number after this many steps of Numerical Recipes' generator."""
    return _work(steps)


def work_released(int steps, /):
    """Return the same number, with the GIL released."""
    cdef unsigned number
    with nogil:
        number = _work(steps)
    return number
