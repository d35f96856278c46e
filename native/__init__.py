"""The C under test, built once as one shared library beside this file."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"
LIBRARY = FOLDER / f"libcallcost_core{SUFFIX}"
"""The shared library that every mechanism calls."""
