# cython: language_level=3, freethreading_compatible=True
"""def functions around a C header: little more to write than the Python signature."""

cimport core
cimport cython
from cpython.exc cimport PyErr_Occurred
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_AsUTF8AndSize

ANSWER = core.answer


def get_pi():
    """Return 3.14 as a C float holds it."""
    return core.get_pi()


# The slash, here and below: without keyword parameters, Cython need not search for keywords.
def fibonacci(int n, /):
    """Return the n-th Fibonacci number."""
    return core.fibonacci(n)


def fibonacci_keyword(int n):
    """Return the n-th Fibonacci number."""
    return core.fibonacci(n)


def add_million(int n, /):
    """Return n + 1,000,000."""
    return core.add_million(n)


def half_of(double x, /):
    """Return x / 2."""
    return core.half_of(x)


def negate(bint flag, /):
    """Return whether flag is false."""
    return core.negate(flag)


def add_two(int a, int b, /):
    """Return the sum."""
    return core.add_two(a, b)


def add_four(int a, int b, int c, int d, /):
    """Return the sum."""
    return core.add_four(a, b, c, d)


def add_eight(int a, int b, int c, int d, int e, int f, int g, int h, /):
    """Return the sum."""
    return core.add_eight(a, b, c, d, e, f, g, h)


# `not None`: without it, None would pass as any Python type.
def first_byte(str text not None, /):
    """Return the first byte of the text in UTF-8; 0 for no text."""
    return core.first_byte(PyUnicode_AsUTF8AndSize(text, NULL))


def last_byte(bytes data not None, /):
    """Return the last byte, or -1 if there are none."""
    return core.last_byte(data, len(data))


def get_greeting():
    """Return 16 characters of ASCII."""
    return core.get_greeting().decode("ascii")


def get_token():
    """Return 16 bytes; the first is zero."""
    cdef size_t size
    token = core.get_token(&size)
    return token[:size]


# [::1]: contiguous. Cython checks the index, and an empty buffer has no item 0.
def sum_ends(const double[::1] values not None, /):
    """Return the first plus the last value; 0 if there are none."""
    count = values.shape[0]
    return core.sum_ends(&values[0] if count else NULL, count)


def sum_ends_list(list values not None, /):
    """Return the first plus the last value; 0 if there are none."""
    cdef Py_ssize_t i, count = len(values)
    copied = <double *>PyMem_Malloc(count * sizeof(double))
    if copied is NULL:
        raise MemoryError()
    try:
        # By index, which Cython checks: a __float__ called here may shorten the list.
        for i in range(count):
            copied[i] = values[i]
        return core.sum_ends(copied, count)
    finally:
        PyMem_Free(copied)


def fill_array(double[::1] values not None, double value, /):
    """Store value in each place."""
    count = values.shape[0]
    core.fill_array(&values[0] if count else NULL, count, value)


def fibonacci_batch(const int[::1] n not None, int[::1] results not None, /):
    """Store fibonacci(n[i]) in results[i] for each i."""
    count = n.shape[0]
    if results.shape[0] < count:
        raise ValueError("results is shorter than n")
    if count:
        core.fibonacci_batch(&n[0], &results[0], count)


def split_digits(int n, /):
    """Return n / 10 and n % 10, both rounded towards zero."""
    cdef int tens, ones
    core.split_digits(n, &tens, &ones)
    return tens, ones


@cython.final
cdef class Point:
    """Two coordinates. They are read-only, so threads may share the object."""

    cdef core.point _value

    def __init__(self, double x, double y, /):
        self._value = core.point(x, y)

    @property
    def x(self):
        """The first coordinate."""
        return self._value.x

    @property
    def y(self):
        """The second coordinate."""
        return self._value.y


def mirror(Point original not None, /):
    """Return the point with x and y exchanged."""
    # __new__ alone: __init__ would pack its arguments into a tuple, and has nothing left to do.
    mirrored = Point.__new__(Point)
    (<Point>mirrored)._value = core.mirror(original._value)
    return mirrored


@cython.final
cdef class Tally:
    """Counts up from a given number; 0 follows 99."""

    cdef core.tally *_tally

    # Not __init__, which may be called twice or never.
    def __cinit__(self, int start, /):
        self._tally = core.tally_new(start)
        if self._tally is NULL:
            raise MemoryError()

    def __dealloc__(self):
        core.tally_free(self._tally)

    # One thread at a time, even without a GIL.
    @cython.critical_section
    def increment(self):
        """Add one to the count and return it."""
        return core.tally_increment(self._tally)


cdef int _call(void *context, int i) except? -1:
    # C goes on after an exception, and Python must not be called while one is set.
    if PyErr_Occurred():
        return 0
    return (<object>context)(i)


def sum_calls(function, int count, /):
    """Return the sum of function(i) for each i from 0 to count - 1."""
    return core.sum_calls(_call, <void *>function, count)


def half_of_even(int n, /):
    """Return n / 2; raise ValueError for an odd n."""
    cdef int half
    if core.half_of_even(n, &half) < 0:
        raise ValueError("n must be even")
    return half


def work_held(int steps, /):
    """Return the number after this many steps of work."""
    return core.work(steps)


def work_released(int steps, /):
    """Return the number after this many steps of work, with the GIL released."""
    cdef unsigned number
    with nogil:
        number = core.work(steps)
    return number
