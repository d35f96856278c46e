"""cffi in API mode, out of line: a compiler checks the declarations once, at install.

Idiomatic: what cffi recommends. The callables are the built-in functions of the generated
`lib` object, which release the GIL around every call. Keywords are unsupported: a cffi
function has no parameter names.
"""

from ._core import lib

get_pi = lib.get_pi
fibonacci = lib.fibonacci
