"""Cython, the algorithms themselves written in it: what many tutorials compare with a call of C.

Idiomatic: static types, a recursion of cdef functions below a def function, a loop over a typed
memoryview. The conversions around it and the slash are those of cython_def; the work inside is
other machine code, which a compiler is free to inline and to unroll, so that it says nothing about
a call of C.

Not the same C:
- everything: it is compiled from Cython, and calls no function of the core.

Unsupported:
- get_pi, add_million, half_of, negate, add_two, add_four, add_eight: it calls no C.
- first_byte, last_byte, get_greeting, get_token: it calls no C.
- sum_ends, sum_ends_list, fibonacci_batch, split_digits, mirror: it calls no C.
- new_tally, Tally, sum_calls, half_of_even, core_constants: it calls no C.
"""

from ._native import fibonacci, fibonacci_keyword, fill_array, work_held, work_released

fibonacci_typed = fibonacci

__all__ = [
    "fibonacci",
    "fibonacci_keyword",
    "fibonacci_typed",
    "fill_array",
    "work_held",
    "work_released",
]
