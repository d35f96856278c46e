"""The C under test, built once as one shared library beside this file; it knows no mechanism."""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
LIBRARY = FOLDER / f"libcallcost_core{SUFFIX}"
"""The shared library that every mechanism calls."""


def declarations() -> str:
    """Return core.h without the preprocessor's lines and macro, for tools that parse plain C."""
    header = (FOLDER / "core.h").read_text(encoding="utf-8")
    plain = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.DOTALL)
    return re.sub(r"^#.*|\bCALLCOST_API\b", "", plain, flags=re.MULTILINE)
