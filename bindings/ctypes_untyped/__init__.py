"""ctypes.CDLL with nothing declared: int in and int out are guessed from what is passed.

Not idiomatic, but the shortest thing that works, and it shows what declaring types costs.
The number of arguments is not checked, and a str is passed as an address. Only a function
whose arguments and result are all C ints can be called like this. Releases the GIL.

Unsupported:
- fibonacci_keyword: an undeclared function has no parameter names.
- fibonacci_typed: a str is not refused but passed, as the address of its characters.
- get_pi, half_of: a float is not passed at all, and in a result would be read from the wrong
  register, fast and wrong.
- negate: of a C bool only one byte is defined, and four would be read.
- first_byte, get_greeting, get_token, Tally, new_tally: an address, taken for an int, loses
  half of its bits; and a str is passed as wide characters.
- last_byte, sum_ends, sum_ends_list, fill_array, fibonacci_batch: a size_t is wider than the int
  that a length would be passed as.
- split_digits, half_of_even, sum_calls: pointers have to be made by types, as in ctypes_cdll.
- mirror: a struct would be returned as an int.
- work_held: CDLL always releases the GIL.
- work_released: its unsigned result would be read as negative.
- core_constants: data cannot be read without saying its type.
"""

import ctypes

from callcost.native import LIBRARY

_library = ctypes.CDLL(str(LIBRARY))

fibonacci = _library.fibonacci
add_million = _library.add_million
add_two = _library.add_two
add_four = _library.add_four
add_eight = _library.add_eight
