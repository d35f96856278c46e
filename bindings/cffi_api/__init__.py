"""cffi in API mode, out of line: a compiler checks the declarations once, at install.

Idiomatic: what cffi recommends. The callables are the built-in functions of the generated
`lib` object, which release the GIL around every call and check every number's range. Where C
wants a pointer or a length, a few lines of Python make it, as in any binding by cffi. C calls
Python by extern "Python": an exception raised there is printed, and C gets 0; whoever wants
more says so by onerror. core_constants is `lib`: ANSWER is declared to the compiler as another
name of the core's `answer`, and cffi reads it when it is first asked for.

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

from typing import Any

from callcost.bindings.cffi_shared import (
    array_functions,
    result_functions,
    tally_class,
    text_functions,
)

from ._core import ffi as _ffi
from ._core import lib as _lib

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
core_constants = _lib

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


@_ffi.def_extern(name="call_function")
def _call_function(context: Any, i: int) -> int:
    return _ffi.from_handle(context)(i)


def sum_calls(function: Any, count: int) -> int:
    """Return the sum of function(i) for each i from 0 to count - 1, given as a handle."""
    return _lib.sum_calls(_lib.call_function, function, count)
