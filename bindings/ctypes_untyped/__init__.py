"""ctypes.CDLL with nothing declared: int in and int out are guessed from what is passed.

Not idiomatic, but the shortest code that works, and it shows what declaring types costs. ctypes
does not check the number of arguments, and passes a str as an address. Only functions whose
arguments and result are all C ints can be called like this. Releases the GIL.

In short:
- label: ctypes.CDLL, undeclared
- tool: ctypes
- you write: declarations only
- home page: https://docs.python.org/3/library/ctypes.html
- to install: comes with Python

Unsupported:
- fibonacci_keyword: an undeclared function has no parameter names.
- fibonacci_typed: ctypes does not refuse a str, but passes the address of its characters.
- get_pi, half_of: ctypes does not pass a float, and would read a result from the wrong register.
- negate: a C bool defines one byte only, and ctypes would read four.
- first_byte, get_greeting, get_token, Tally, new_tally: an address loses half of its bits as an
  int, and a str is passed as wide characters.
- last_byte, sum_ends, sum_ends_list, fill_array, fibonacci_batch: a length would be passed as an
  int, but a size_t is wider.
- split_digits, half_of_even, sum_calls: only types can make pointers, as in ctypes_cdll.
- mirror: a struct would be returned as an int.
- work_held: CDLL always releases the GIL.
- work_released: its unsigned result would be read as negative.
- core_constants: ctypes cannot read data without a type.
"""

import ctypes

from callcost.native import LIBRARY

_library = ctypes.CDLL(str(LIBRARY))

fibonacci = _library.fibonacci
add_million = _library.add_million
add_two = _library.add_two
add_four = _library.add_four
add_eight = _library.add_eight
