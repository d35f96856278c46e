"""How the running interpreter was built, as far as that changes the cost of a call.

`sysconfig` describes one build; the program that runs may be another. Debian describes its build
with a shared libpython, and ships a program that was built apart, with PGO and without that
library. So the program is asked first. What only `sysconfig` could say is unknown where it
describes another build.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import sysconfig
from pathlib import PurePath
from typing import Any

UNKNOWN = "unknown"
LIBRARY = re.compile(r".*\.(so(\.[\d.]+)?|dylib)|Python")  # "Python" is macOS's framework
JIT_OPTION = re.compile(r"--enable-experimental-jit(?:=([\w-]+))?")

Known = bool | str
"""An answer, or UNKNOWN."""


def describe() -> dict[str, Any]:
    """Describes the build; a value is UNKNOWN where nothing tells it."""
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    flags = str(sysconfig.get_config_var("PY_CORE_CFLAGS") or "")
    shared = shared_libpython()
    described = shared == bool(sysconfig.get_config_var("Py_ENABLE_SHARED"))
    told = {
        "pgo": "--enable-optimizations" in arguments or "-fprofile-use" in flags,
        "lto": "--with-lto" in arguments or "-flto" in flags,
        "cflags": without_paths(str(sysconfig.get_config_var("CFLAGS") or "")),
    }
    return {
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "abi_flags": getattr(sys, "abiflags", ""),
        **(told if described else dict.fromkeys(told, UNKNOWN)),
        "shared_libpython": shared,
        "debug": hasattr(sys, "gettotalrefcount"),
        "gil": not is_free_threaded() or getattr(sys.flags, "gil", None) == 1,
        "jit": jit(arguments if described else None),
    }


def is_free_threaded() -> bool:
    """Tells whether the interpreter is a free-threaded build, whether or not a GIL is in force."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


class _Place(ctypes.Structure):
    """Dl_info: where a symbol is from."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def shared_libpython() -> Known:
    """Tells whether the interpreter's functions are in a library, or in the program itself."""
    file = _file_of_the_interpreter()
    return UNKNOWN if file is None else LIBRARY.fullmatch(PurePath(file).name) is not None


def _file_of_the_interpreter() -> str | None:
    """Returns the file that the running interpreter's functions are in, as the loader knows it."""
    place = _Place()
    try:
        function = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p)
        found = ctypes.CDLL(None).dladdr(function, ctypes.byref(place))
    except AttributeError:  # no C API of CPython's here, or a C library without dladdr
        return None
    return os.fsdecode(place.file) if found and place.file else None


def jit(arguments: str | None) -> Known:
    """Tells whether the JIT is on; `arguments` are configure's, None where they are not known."""
    asked = getattr(sys, "_jit", None)  # from Python 3.14 on
    if asked is not None:
        return bool(asked.is_enabled())
    if sys.version_info < (3, 13):
        return False
    if arguments is None:
        return UNKNOWN
    found = JIT_OPTION.search(arguments)
    mode = (found[1] or "yes") if found else "no"
    if mode not in ("yes", "yes-off"):
        return False
    wanted = os.environ.get("PYTHON_JIT")
    return wanted != "0" if wanted else mode == "yes"


def without_paths(command: str) -> str:
    """Leaves out the words of a command line that name a place on this machine."""
    return " ".join(word for word in command.split() if "/" not in word)
