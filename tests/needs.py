"""What several proofs cannot do without; each is skipped with its reason where that is missing."""

from __future__ import annotations

import shutil
import sys

import pytest

from callcost import callgrind

needs_callgrind = pytest.mark.skipif(
    callgrind.why_not() is not None, reason=str(callgrind.why_not())
)
needs_cpython = pytest.mark.skipif(
    sys.implementation.name != callgrind.CPYTHON, reason="only CPython is counted"
)
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
