"""cffi in ABI mode, out of line: declarations parsed at install, calls put together by libffi.

Idiomatic where no compiler is at hand, and cffi's parser shall not run at each import: what it
has found is written into a module of Python. The compiler never sees the declarations, so a
wrong one is not noticed. `ffi` and `lib` are objects of C as in API mode, but calls are made as
in line. Releases the GIL around every call and checks every number's range. C calls Python by
ffi.callback, made once: an exception raised there is printed, and C gets 0.

Through Python:
- first_byte, get_greeting: cffi takes and returns bytes, not str.
- last_byte, sum_ends, sum_ends_list, fill_array, fibonacci_batch: the length is an argument in
  C, and a buffer has to be made an array.
- get_token, split_digits, half_of_even: an out-parameter needs storage that Python code makes,
  and looks into after the call.
- Tally, new_tally: ffi.gc owns a pointer; the class around it is written in Python.
- sum_calls: the C callback and the handle are two arguments, of which the caller has one.

One thread at a time:
- Tally: the GIL is released while C counts, and a lock is its users' to bring.

Unsupported:
- fibonacci_keyword: a cffi function has no parameter names.
- work_held: cffi always releases the GIL.
"""

import sys
from typing import Any

from callcost.bindings.cffi_shared import (
    array_functions,
    result_functions,
    tally_class,
    text_functions,
)
from callcost.native import LIBRARY

from ._generated import ffi as _ffi

_lib = _ffi.dlopen(str(LIBRARY))

get_pi = _lib.get_pi
fibonacci = _lib.fibonacci
fibonacci_typed = fibonacci
add_million = _lib.add_million
half_of = _lib.half_of
negate = _lib.negate
add_two = _lib.add_two
add_four = _lib.add_four
add_eight = _lib.add_eight
mirror = _lib.mirror
work_released = _lib.work

# Out of line, cffi reads a constant once, but under its name in C.
ANSWER = _lib.answer
core_constants = sys.modules[__name__]

# What needs Python around it: bindings/cffi_shared.py has it in full.

_text = text_functions(_ffi, _lib)
first_byte = _text.first_byte
last_byte = _text.last_byte
get_greeting = _text.get_greeting
get_token = _text.get_token

_arrays = array_functions(_ffi, _lib)
sum_ends = _arrays.sum_ends
sum_ends_list = _arrays.sum_ends_list
fill_array = _arrays.fill_array
fibonacci_batch = _arrays.fibonacci_batch

_results = result_functions(_ffi, _lib)
split_digits = _results.split_digits
half_of_even = _results.half_of_even
Point = _results.point

Tally = tally_class(_ffi, _lib)
new_tally = Tally

# Calls back. The void * that C hands on is a handle, by which the function is found again.

as_callback = _ffi.new_handle


@_ffi.callback("int(void *context, int i)")
def _call_function(context: Any, i: int) -> int:
    return _ffi.from_handle(context)(i)


def sum_calls(function: Any, count: int) -> int:
    """Return the sum of function(i) for each i from 0 to count - 1, given as a handle."""
    return _lib.sum_calls(_call_function, function, count)
