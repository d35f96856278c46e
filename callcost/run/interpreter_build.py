"""Describes those properties of the running interpreter's build that change the cost of a call.

Any interpreter that can be measured can run this file, which then prints them as a line of JSON.

`sysconfig` may describe a different build than the running program. Debian's describes a build
with a shared libpython, but the program was built separately, with PGO and without that library.
The program is therefore asked first. Properties that only `sysconfig` knows are UNKNOWN if it
describes a different build.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
import sysconfig
from pathlib import PurePath
from typing import Any, Union

UNKNOWN = "unknown"
LIBRARY = re.compile(r".*\.(so(\.[\d.]+)?|dylib)|Python")  # "Python" is macOS's framework
JIT_OPTION = re.compile(r"--enable-experimental-jit(?:=([\w-]+))?")

Known = Union[bool, str]  # noqa: UP007  # Python 3.9 evaluates it, and has no | for types
"""An answer, or UNKNOWN."""


def describe() -> dict[str, Any]:
    """Describes the build; a value that cannot be found out is UNKNOWN."""
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
    """Tells whether the interpreter is a free-threaded build, even if its GIL is on."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


class _Place(ctypes.Structure):
    """Dl_info: where a symbol comes from."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def shared_libpython() -> Known:
    """Tells whether the interpreter's functions are in a library instead of the program."""
    file = _file_of_the_interpreter()
    return UNKNOWN if file is None else LIBRARY.fullmatch(PurePath(file).name) is not None


def _file_of_the_interpreter() -> str | None:
    """Returns the file of the running interpreter's functions, according to the loader."""
    place = _Place()
    try:
        function = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p)
        found = ctypes.CDLL(None).dladdr(function, ctypes.byref(place))
    except AttributeError:  # no C API of CPython, or a C library without dladdr
        return None
    return os.fsdecode(place.file) if found and place.file else None


def jit(arguments: str | None) -> Known:
    """Tells whether the JIT is on; `arguments` are those of configure, None if unknown."""
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
    """Removes the words of a command line that contain local paths."""
    return " ".join(word for word in command.split() if "/" not in word)


if __name__ == "__main__":
    print(json.dumps(describe()))
