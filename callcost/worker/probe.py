"""Describes the interpreter that runs this file and what is installed in it, as a line of JSON.

Any interpreter that can be measured can run it: it needs only the standard library.
"""

import importlib.metadata
import importlib.util
import json
import platform
import sys
import sysconfig
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def installed(folders: "list[str]") -> "dict[str, str]":
    """Returns the versions of the distributions in these folders, by name."""
    found = importlib.metadata.distributions(path=folders)
    return {str(each.metadata["Name"]): each.version for each in found}


def files() -> "list[Path]":
    """Lists the files that contain the interpreter's own code."""
    named = [Path(sys.executable).resolve()]
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        folder = str(sysconfig.get_config_var("LIBDIR"))
        named.append(Path(folder, str(sysconfig.get_config_var("INSTSONAME"))))
    return [path for path in named if path.exists()]


def facts(worker_file: str) -> "dict[str, Any]":
    """Collects all facts; `worker_file` is the path of worker.py, which describes interpreters."""
    spec = importlib.util.spec_from_file_location("callcost_worker", worker_file)
    assert spec is not None and spec.loader is not None
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {
        "interpreter": worker.interpreter_facts(),
        "executable": sys.executable,
        "site": folders[0],
        "versions": installed(sorted(set(folders))),
        "build": [
            *([str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files()),
            sys.version,
            str(sysconfig.get_config_var("SOABI")),
            platform.machine(),
            list(platform.libc_ver()),
        ],
        "compilers": [str(sysconfig.get_config_var(name) or "") for name in ("CC", "CXX")],
    }


if __name__ == "__main__":
    print(json.dumps(facts(sys.argv[1])))
