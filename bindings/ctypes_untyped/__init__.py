"""ctypes.CDLL with nothing declared: int in and int out are guessed from what is passed.

Not idiomatic, but the shortest thing that works, and it shows what declaring types costs.
The number of arguments is not checked, and a str is passed as an address.
Only a function whose arguments and result are all C ints can be called like this. get_pi is
unsupported: without restype its float would be read from the wrong register, fast and wrong.
Keywords are unsupported: an undeclared function has no parameter names.
"""

import ctypes

from callcost.native import LIBRARY

fibonacci = ctypes.CDLL(str(LIBRARY)).fibonacci
