"""cffi in API mode, out of line: a compiler checks the declarations once, at install.

Idiomatic: the mode that cffi recommends. The functions are built-ins of the generated `lib`,
which release the GIL around every call and check the range of every number. Where C wants a
pointer or a length, a few lines of Python make it, as cffi's documentation does. C calls Python
through extern "Python": cffi prints an exception raised there, and C gets 0. core_constants is
`lib`: build.py declares ANSWER as another name of the core's `answer`, and cffi reads it on the
first access.

cffi's C keeps to the limited API: one file serves every CPython from 3.2 on, and another, for
abi3t, those without a GIL from 3.15 on. There is no form for one version to compare with. The parts
that know Python's structs are in cffi's own module, _cffi_backend, which is built for one version.

In short:
- label: cffi, API mode
- tool: cffi
- you write: declarations only
- home page: https://cffi.readthedocs.io/
- to install: pip install cffi

Through Python:
- first_byte, get_greeting: cffi takes and returns bytes, not str.
- last_byte, sum_ends, sum_ends_list, fill_array, fibonacci_batch: C wants a length, and a pointer
  into the buffer.
- get_token, split_digits, half_of_even: Python code makes room for what C stores, and reads it
  after the call.
- Tally, new_tally: ffi.gc owns a pointer; the class around it is written in Python.
- sum_calls: C wants a callback and a context; the caller has only the context.

One thread at a time:
- Tally: the GIL is released while C counts, and users bring their own lock.

Unsupported:
- fibonacci_keyword: a cffi function has no parameter names.
- work_held: cffi always releases the GIL.
"""

from typing import Any

from ._core import ffi, lib

get_pi = lib.get_pi
fibonacci = lib.fibonacci
fibonacci_typed = fibonacci
add_million = lib.add_million
half_of = lib.half_of
negate = lib.negate
add_two = lib.add_two
add_four = lib.add_four
add_eight = lib.add_eight
mirror = lib.mirror
work_released = lib.work
core_constants = lib


def first_byte(text: str) -> int:
    """Return the first byte of the text in UTF-8; 0 for no text."""
    return lib.first_byte(text.encode())


def last_byte(data: bytes) -> int:
    """Return the last byte, or -1 if there are none."""
    return lib.last_byte(data, len(data))


def get_greeting() -> str:
    """Return 16 characters of ASCII."""
    return ffi.string(lib.get_greeting()).decode()


def get_token() -> bytes:
    """Return 16 bytes; the first is zero."""
    size = ffi.new("size_t *")
    data = lib.get_token(size)
    return ffi.buffer(data, size[0])[:]


def _array(ctype: str, code: str, buffer: Any, require_writable: bool = False) -> Any:
    """Return a C array that shares a buffer's memory.

    from_buffer refuses a buffer that is not contiguous, but ignores the type of its items.
    """
    found = memoryview(buffer).format
    if found != code:
        raise TypeError(f"a buffer of type {code} is needed, not {found}")
    return ffi.from_buffer(ctype, buffer, require_writable)


def sum_ends(values: Any) -> float:
    """Return the first plus the last of a buffer of doubles; 0 if there are none."""
    doubles = _array("double[]", "d", values)
    return lib.sum_ends(doubles, len(doubles))


def sum_ends_list(values: list[float]) -> float:
    """Return the first plus the last of a list, which cffi copies; 0 if there are none."""
    return lib.sum_ends(values, len(values))


def fill_array(values: Any, value: float) -> None:
    """Store value in each place of a buffer of doubles."""
    doubles = _array("double[]", "d", values, require_writable=True)
    lib.fill_array(doubles, len(doubles), value)


def fibonacci_batch(n: Any, results: Any) -> None:
    """Store fibonacci(n[i]) in results[i] for each i: two buffers of C ints."""
    numbers = _array("int[]", "i", n)
    places = _array("int[]", "i", results, require_writable=True)
    if len(places) < len(numbers):
        raise ValueError("results is shorter than n")
    lib.fibonacci_batch(numbers, places, len(numbers))


def split_digits(n: int) -> tuple[int, int]:
    """Return n / 10 and n % 10, both rounded towards zero."""
    tens, ones = ffi.new("int *"), ffi.new("int *")
    lib.split_digits(n, tens, ones)
    return tens[0], ones[0]


def half_of_even(n: int) -> int:
    """Return n / 2; raise ValueError for an odd n."""
    half = ffi.new("int *")
    if lib.half_of_even(n, half) != 0:
        raise ValueError("n must be even")
    return half[0]


def Point(x: float, y: float) -> Any:  # noqa: N802 # what others call by this name is a class
    """Return a C struct of two coordinates, which owns its memory."""
    return ffi.new("point *", (x, y))[0]


class Tally:
    """Counts up from a given number; 0 follows 99."""

    __slots__ = ("_tally",)

    def __init__(self, start: int) -> None:
        tally = lib.tally_new(start)
        if not tally:
            raise MemoryError
        self._tally = ffi.gc(tally, lib.tally_free)

    def increment(self) -> int:
        """Add one to the count and return it."""
        return lib.tally_increment(self._tally)


new_tally = Tally

# C passes its `void *context` on to the callback: here a handle, which finds the Python function.
as_callback = ffi.new_handle


@ffi.def_extern(name="call_function")
def _call_function(context: Any, i: int) -> int:
    return ffi.from_handle(context)(i)


def sum_calls(function: Any, count: int) -> int:
    """Return the sum of function(i) for each i from 0 to count - 1, given as a handle."""
    return lib.sum_calls(lib.call_function, function, count)
