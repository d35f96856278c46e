"""PyO3: functions and classes of Rust, which call the core through an extern "C" block.

Idiomatic: a #[pyfunction] for each function, its types converted as Rust declares them: i32
refuses an int that does not fit, bool what is no bool, &CStr a text with a zero inside. PyBuffer
refuses another element type, yet takes doubles in the other byte order for its own. Point is a
frozen #[pyclass], the C struct itself, and so is Tally, the owner of a pointer, which counts in a
critical section: that is code only where there is no GIL. sum_ends_list makes a Vec of any
sequence. Compiled by cargo in its own release profile. Holds the GIL, where there is one;
work_released detaches for the call. Declares that it needs no GIL.

Always takes keywords:
- everything: a #[pyfunction] is METH_FASTCALL with METH_KEYWORDS, and `signature = (n, /)` saves
  no instruction.
"""

from . import _module as core_constants
from ._module import (
    Point,
    Tally,
    add_eight,
    add_four,
    add_million,
    add_two,
    fibonacci,
    fibonacci_batch,
    fill_array,
    first_byte,
    get_greeting,
    get_pi,
    get_token,
    half_of,
    half_of_even,
    last_byte,
    mirror,
    negate,
    split_digits,
    sum_calls,
    sum_ends,
    sum_ends_list,
    work_held,
    work_released,
)

fibonacci_keyword = fibonacci
fibonacci_typed = fibonacci
new_tally = Tally
