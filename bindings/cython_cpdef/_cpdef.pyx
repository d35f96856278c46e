# cython: language_level=3, freethreading_compatible=True, always_allow_keywords=False
"""cpdef functions around a C header: callable from Python, and as C from the rest of the module."""

cimport core
cimport cython
from cpython.exc cimport PyErr_Occurred
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_AsUTF8AndSize

ANSWER = core.answer

# A cpdef function cannot have a slash after its parameters. always_allow_keywords=False does the
# same for functions with one parameter; those with more always take keywords.

# noexcept: it cannot raise, so no caller in C checks. The others have an exception value: `-1` if
# that is never a result, `? -1` if it may be one (callers then check), `*` if there is no value.


cpdef float get_pi() noexcept:
    """Return 3.14 as a C float holds it."""
    return core.get_pi()


cpdef int fibonacci(int n) noexcept:
    """Return the n-th Fibonacci number."""
    return core.fibonacci(n)


@cython.always_allow_keywords(True)
cpdef int fibonacci_keyword(int n) noexcept:
    """Return the n-th Fibonacci number."""
    return core.fibonacci(n)


cpdef int add_million(int n) noexcept:
    """Return n + 1,000,000."""
    return core.add_million(n)


cpdef double half_of(double x) noexcept:
    """Return x / 2."""
    return core.half_of(x)


cpdef bint negate(bint flag) noexcept:
    """Return whether flag is false."""
    return core.negate(flag)


cpdef int add_two(int a, int b) noexcept:
    """Return the sum."""
    return core.add_two(a, b)


cpdef int add_four(int a, int b, int c, int d) noexcept:
    """Return the sum."""
    return core.add_four(a, b, c, d)


cpdef int add_eight(int a, int b, int c, int d, int e, int f, int g, int h) noexcept:
    """Return the sum."""
    return core.add_eight(a, b, c, d, e, f, g, h)


# Only def functions can say `not None`; here None passes as any Python type, so code checks.
cpdef int first_byte(str text) except -1:
    """Return the first byte of the text in UTF-8; 0 for no text."""
    if text is None:
        raise TypeError("text must be a str")
    return core.first_byte(PyUnicode_AsUTF8AndSize(text, NULL))


# Cython itself refuses to take a pointer to None, or its length.
cpdef int last_byte(bytes data) except? -1:
    """Return the last byte, or -1 if there are none."""
    return core.last_byte(data, len(data))


cpdef str get_greeting():
    """Return 16 characters of ASCII."""
    return core.get_greeting().decode("ascii")


cpdef bytes get_token():
    """Return 16 bytes; the first is zero."""
    cdef size_t size
    token = core.get_token(&size)
    return token[:size]


# [::1]: contiguous. Cython checks the index, and an empty buffer has no item 0.
cpdef double sum_ends(const double[::1] values) except? -1:
    """Return the first plus the last value; 0 if there are none."""
    if values is None:
        raise TypeError("values must be a buffer")
    count = values.shape[0]
    return core.sum_ends(&values[0] if count else NULL, count)


cpdef double sum_ends_list(list values) except? -1:
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


cpdef void fill_array(double[::1] values, double value) except *:
    """Store value in each place."""
    if values is None:
        raise TypeError("values must be a buffer")
    count = values.shape[0]
    core.fill_array(&values[0] if count else NULL, count, value)


cpdef void fibonacci_batch(const int[::1] n, int[::1] results) except *:
    """Store fibonacci(n[i]) in results[i] for each i."""
    if n is None or results is None:
        raise TypeError("n and results must be buffers")
    count = n.shape[0]
    if results.shape[0] < count:
        raise ValueError("results is shorter than n")
    if count:
        core.fibonacci_batch(&n[0], &results[0], count)


cpdef (int, int) split_digits(int n) noexcept:
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


cpdef Point mirror(Point original):
    """Return the point with x and y exchanged."""
    if original is None:
        raise TypeError("original must be a Point")
    # __new__ alone: __init__ would pack its arguments into a tuple, and has nothing left to do.
    cdef Point mirrored = Point.__new__(Point)
    mirrored._value = core.mirror(original._value)
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
    cpdef int increment(self) noexcept:
        """Add one to the count and return it."""
        return core.tally_increment(self._tally)


cdef int _call(void *context, int i) except? -1:
    # C goes on after an exception, and Python must not be called while one is set.
    if PyErr_Occurred():
        return 0
    return (<object>context)(i)


cpdef int sum_calls(object function, int count) except? -1:
    """Return the sum of function(i) for each i from 0 to count - 1."""
    return core.sum_calls(_call, <void *>function, count)


cpdef int half_of_even(int n) except? -1:
    """Return n / 2; raise ValueError for an odd n."""
    cdef int half
    if core.half_of_even(n, &half) < 0:
        raise ValueError("n must be even")
    return half


cpdef unsigned work_held(int steps) noexcept:
    """Return the number after this many steps of work."""
    return core.work(steps)


cpdef unsigned work_released(int steps) noexcept:
    """Return the number after this many steps of work, with the GIL released."""
    cdef unsigned number
    with nogil:
        number = core.work(steps)
    return number
