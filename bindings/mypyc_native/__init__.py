"""mypyc, the plain Python of the reference compiled to C: a program without a C library.

Idiomatic: annotated Python, nothing else. An int keeps any size, with a fast path for those that
fit a machine word; calls within the module are calls of C, which nothing keeps from going deeper
than the stack. Compiled with mypyc's own -O3, which overrides the suite's -O2. Holds the GIL.

Always takes keywords:
- everything: mypyc gives parameters the names that they have in Python, at no cost to other calls.

Not the same C:
- everything: it is compiled from Python, and calls no function of the core.

Unsupported:
- get_pi, add_million, half_of, negate, add_two, add_four, add_eight: it calls no C.
- first_byte, last_byte, get_greeting, get_token: it calls no C.
- sum_ends, sum_ends_list, fill_array, fibonacci_batch, split_digits, mirror: it calls no C.
- new_tally, Tally, sum_calls, half_of_even, core_constants: it calls no C.
- work_released: compiled Python cannot let go of the GIL either.
"""

from ._native import fibonacci, work_held

fibonacci_keyword = fibonacci
fibonacci_typed = fibonacci

__all__ = ["fibonacci", "fibonacci_keyword", "fibonacci_typed", "work_held"]
