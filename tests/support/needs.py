"""What several tests cannot do without; each is skipped with its reason where that is missing."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from functools import cache

import pytest

from callcost.benchmarks.publish import publishing, tour
from callcost.estimate.record import Record
from callcost.instructions import callgrind

needs_callgrind = pytest.mark.skipif(
    callgrind.why_not() is not None, reason=str(callgrind.why_not())
)
needs_cpython = pytest.mark.skipif(
    sys.implementation.name != callgrind.CPYTHON, reason="only CPython is counted"
)
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


@cache
def documented_python() -> str:
    """Returns the version of Python that the documents are about: that of the reference run."""
    if not publishing.REFERENCE.exists():
        return "none: not a checkout"
    version: str = Record.load(publishing.REFERENCE).document["machine_info"]["python_version"]
    return version.rpartition(".")[0]


def running_python() -> str:
    """Returns the version of this interpreter without its last part."""
    return platform.python_version().rpartition(".")[0]


needs_documented_python = pytest.mark.skipif(
    running_python() != documented_python(),
    reason=f"the documents are about Python {documented_python()}, this is {running_python()}",
)


def skip_without_headers(source: str) -> None:
    """Skips a test of C source that includes a header of libffi where that is not installed."""
    for header in re.findall(r"#include <(ffi\.h)>", source):
        if not tour.is_there(header):
            pytest.skip(f"not installed: {header}")
