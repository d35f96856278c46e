"""A raw CPython extension with the leanest calling convention for each signature.

Idiomatic for hand-written extensions since 3.7: METH_NOARGS and METH_O where they fit, else
METH_FASTCALL, with METH_KEYWORDS only for fibonacci_keyword. Every number is converted and
checked by a function of the C API; a buffer's format is compared with C's type. The types are
made per module, so that interpreters and threads without the GIL are independent. Holds the
GIL, but for work_released. A str with a zero inside ends there, as in C. Tally is a class whose
call makes a tuple before Python 3.14.
"""

from . import _fastcall
from ._fastcall import *

core_constants = _fastcall
fibonacci_typed = _fastcall.fibonacci
new_tally = _fastcall.Tally
