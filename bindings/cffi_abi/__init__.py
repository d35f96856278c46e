"""cffi in ABI mode, in line: declarations parsed at import, calls put together by libffi.

Idiomatic where no compiler is at hand. The compiler never sees the declarations, so a wrong
one is not noticed. Releases the GIL around every call. Keywords are unsupported: a cffi
function has no parameter names.
"""

from cffi import FFI

from callcost.native import LIBRARY

_ffi = FFI()
_ffi.cdef("""
    int fibonacci(int n);
    float get_pi(void);
""")
_lib = _ffi.dlopen(str(LIBRARY))

get_pi = _lib.get_pi
fibonacci = _lib.fibonacci
