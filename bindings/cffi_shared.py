"""What the cffi mechanisms share: the declarations, and the Python that has to stand around `lib`.

What cffi gives is an `ffi`, to make C data with, and a `lib`, whose functions are called with
it; both are other objects in each mode. So the Python around them is made here once per mode,
by functions that take the two, and a mechanism's folder shows what its mode does differently.
"""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def declarations(header: Path) -> str:
    """Return a header without what cffi's parser cannot read: the preprocessor's lines and macro.

    So nothing is declared twice, and no mode can say other than the compiler was told.
    """
    cpp_only = r"#ifdef __cplusplus.*?#endif"
    source = re.sub(cpp_only, "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"^#.*|\bCALLCOST_API\b", "", source, flags=re.MULTILINE)


def text_functions(ffi: Any, lib: Any) -> SimpleNamespace:
    """Make the functions of text and bytes: cffi passes bytes as they lie, but no str."""

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
        """Return 16 bytes, the first of which is zero."""
        size = ffi.new("size_t *")
        data = lib.get_token(size)
        return ffi.buffer(data, size[0])[:]

    return SimpleNamespace(
        first_byte=first_byte,
        last_byte=last_byte,
        get_greeting=get_greeting,
        get_token=get_token,
    )


def array_functions(ffi: Any, lib: Any) -> SimpleNamespace:
    """Make the functions of arrays: from_buffer for what is a buffer, a list as it is."""

    def array(ctype: str, code: str, buffer: Any, require_writable: bool = False) -> Any:
        """Return a buffer as a C array, where it lies.

        from_buffer refuses what is not contiguous, but does not ask for the type.
        """
        found = memoryview(buffer).format
        if found != code:
            raise TypeError(f"a buffer of type {code} is needed, not {found}")
        return ffi.from_buffer(ctype, buffer, require_writable)

    def sum_ends(values: Any) -> float:
        """Return the first plus the last of a buffer of doubles; 0 if there are none."""
        doubles = array("double[]", "d", values)
        return lib.sum_ends(doubles, len(doubles))

    def sum_ends_list(values: list[float]) -> float:
        """Return the first plus the last of a list, which cffi copies; 0 if there are none."""
        return lib.sum_ends(values, len(values))

    def fill_array(values: Any, value: float) -> None:
        """Store value in each place of a buffer of doubles."""
        doubles = array("double[]", "d", values, require_writable=True)
        lib.fill_array(doubles, len(doubles), value)

    def fibonacci_batch(n: Any, results: Any) -> None:
        """Store fibonacci(n[i]) in results[i] for each i: two buffers of C ints."""
        numbers = array("int[]", "i", n)
        places = array("int[]", "i", results, require_writable=True)
        if len(places) < len(numbers):
            raise ValueError("results is shorter than n")
        lib.fibonacci_batch(numbers, places, len(numbers))

    return SimpleNamespace(
        sum_ends=sum_ends,
        sum_ends_list=sum_ends_list,
        fill_array=fill_array,
        fibonacci_batch=fibonacci_batch,
    )


def result_functions(ffi: Any, lib: Any) -> SimpleNamespace:
    """Make the functions of several results, a struct and an error code."""

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

    def point(x: float, y: float) -> Any:
        """Return a struct of C with two coordinates, which owns its memory."""
        return ffi.new("point *", (x, y))[0]

    return SimpleNamespace(split_digits=split_digits, half_of_even=half_of_even, point=point)


def tally_class(ffi: Any, lib: Any) -> type:
    """Make the class whose objects own a tally."""

    class Tally:
        """Counts from where it starts; after 99 comes 0."""

        __slots__ = ("_tally",)

        def __init__(self, start: int) -> None:
            tally = lib.tally_new(start)
            if not tally:
                raise MemoryError
            self._tally = ffi.gc(tally, lib.tally_free)

        def increment(self) -> int:
            """Count one further and return the count."""
            return lib.tally_increment(self._tally)

    return Tally
