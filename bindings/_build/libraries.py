"""Tells whether an installed library was compiled for this build of Python.

Python's headers compile reference counting into every library, and builds differ in it: that of a
free-threaded Python calls other functions. A library for the other build links without an error
and crashes when it is used.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from setuptools.errors import PlatformError

from .places import DARWIN, LIBRARY_SUFFIX

COUNTING = "#include <Python.h>\nvoid counted(PyObject *object) { Py_DECREF(object); }\n"


def require_this_build(library: str) -> None:
    """Raises PlatformError for a library that was compiled for another build of this Python.

    `library` is its name as in `-lNAME`. If this cannot be found out, a build with a GIL accepts
    the library, because most are compiled for one; a free-threaded build does not.
    """
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    version = sysconfig.get_python_version() + "t" * free_threaded
    path = Path(_compiler_says(f"-print-file-name=lib{library}{LIBRARY_SUFFIX}") or library)
    expected = symbols(path) if path.is_absolute() and path.exists() else None
    needed = _counting_symbols()
    if expected is None or needed is None:
        if free_threaded:
            raise PlatformError(f"cannot tell whether {library} was compiled for Python {version}")
    elif not needed & expected:
        raise PlatformError(
            f"{library} was compiled for another build of Python than {version}: it does not call "
            f"{' or '.join(sorted(needed))}, which count references in this one"
        )


def _counting_symbols() -> set[str] | None:
    """Returns the functions that this Python's headers call to count references."""
    include = sysconfig.get_path("include")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "counting.c"), Path(folder, "counting.o")
        source.write_text(COUNTING)
        done = _compiler_says("-c", "-O2", str(source), "-o", str(target), f"-I{include}")
        return None if done is None else symbols(target)


def symbols(path: Path) -> set[str] | None:
    """Lists the functions of Python that a compiled file needs; None if nm cannot tell."""
    nm = shutil.which(os.environ.get("NM") or "nm")
    if nm is None:
        return None
    dynamic = ["-D"] if path.suffix != ".o" and not DARWIN else []
    done = subprocess.run(
        [nm, *dynamic, "-u", str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return None
    names = {
        line.split()[-1].partition("@")[0] for line in done.stdout.splitlines() if line.split()
    }
    # macOS puts another underscore before every name.
    names = {name.removeprefix("_") for name in names} if DARWIN else names
    return {name for name in names if name.startswith(("Py", "_Py"))}


def _compiler_says(*arguments: str) -> str | None:
    """Runs the C compiler and returns what it printed, or None if it failed or is missing."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    try:
        done = subprocess.run([*compiler, *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
