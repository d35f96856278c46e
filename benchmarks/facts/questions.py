"""Asks a mechanism what cannot crash it, and prints the answers as one JSON object.

Run as a program with the module's name and the names of its function's parameters.
"""

import ctypes
import importlib
import inspect
import json
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from callcost.benchmarks.facts import slots
from callcost.model import abi

YES, NO, NOT_SEEN = "yes", "no", "not seen"
LONG_ENOUGH_S = 0.02
# Added to the first argument that takes LONG_ENOUGH_S, for each try.
TRIES = (0, 0, 1, 1, 2, 2, 3)
# Answers that are neither yes nor no.
NO_EXTENSION = "no extension"
NO_GIL = "free-threaded: no GIL"
FOREIGN_ABI = "HPy's own"
NOT_VISIBLE = "not visible"
TOO_OLD = "not before 3.13"


def text_signature(fibonacci: Any, parameters: Sequence[str]) -> str:
    """Say whether an editor or a test can read the function's own parameters.

    A signature that fits many functions, such as `(*args, **kwargs)` or `(object, /)`, does not
    count: Python 3.15 makes one up for every built-in function without a text signature.
    """
    try:
        found = inspect.signature(fibonacci)
    except (TypeError, ValueError):
        return NO
    return YES if list(found.parameters) == list(parameters) else NO


def releases_gil(fibonacci: Any) -> str:
    """Say whether this thread ran while another was in C, in any of several tries.

    Seeing it once proves it. Not seeing it proves nothing: on a busy machine this thread may not
    get a processor before the call ends. A free-threaded build has nothing to release.
    """
    if is_free_threaded():
        return NO_GIL
    n = 20
    while not _lasts_long(fibonacci, n):
        n += 1
    # So long an interval never forces a switch: this thread goes on only when the other releases
    # the GIL itself, in the call or after it.
    sys.setswitchinterval(1000)
    return YES if any(_overtakes(fibonacci, n + more) for more in TRIES) else NOT_SEEN


def _overtakes(fibonacci: Any, n: int) -> bool:
    """Call it in another thread, and say whether this one went on before the call ended."""
    started, ended = threading.Event(), False

    def call() -> None:
        nonlocal ended
        started.set()
        fibonacci(n)
        ended = True

    thread = threading.Thread(target=call)
    thread.start()
    started.wait()
    overtaken = not ended
    thread.join()
    return overtaken


def _lasts_long(fibonacci: Any, n: int) -> bool:
    # Processor time: on a busy machine even a short call may take long.
    start_s = time.thread_time()
    fibonacci(n)
    return time.thread_time() - start_s > LONG_ENOUGH_S


def is_free_threaded() -> bool:
    """Say whether this interpreter is a free-threaded build, even if it has its GIL now."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def extensions(package: str) -> list[ModuleType]:
    """List the extension modules that importing a mechanism loaded from its folder."""
    loaded = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    return [m for m in loaded if str(getattr(m, "__file__", "")).endswith(abi.COMPILED)]


def stable_abi(package: str) -> str:
    """Say whether other versions of Python would load the same file."""
    names = [str(module.__file__) for module in extensions(package)]
    if not names:
        return NO_EXTENSION
    if any(map(abi.is_universal, names)):
        return FOREIGN_ABI
    return YES if all(map(abi.is_stable, names)) else NO


def free_threading(package: str) -> str:
    """Say whether a free-threaded interpreter stays without a GIL after importing a mechanism.

    An interpreter with a GIL can only read the slot in which a module declares that it needs none;
    some tools compile the slot for free-threaded interpreters only.
    """
    if sys.version_info < (3, 13):
        return TOO_OLD
    found = extensions(package)
    if not found:
        return NO_EXTENSION
    if is_free_threaded():
        return NO if sys._is_gil_enabled() else YES
    declared = (
        slots.needs_no_gil(ctypes.PyDLL(module.__file__), module.__name__.rpartition(".")[2])
        for module in found
    )
    return YES if all(declared) else NOT_VISIBLE


def main() -> None:
    """Print the answers for the module and parameters on the command line."""
    package, *parameters = sys.argv[1:]
    fibonacci = importlib.import_module(package).fibonacci
    answers = {
        "text_signature": text_signature(fibonacci, parameters),
        "stable_abi": stable_abi(package),
        "releases_gil": releases_gil(fibonacci),
        "free_threading": free_threading(package),
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
