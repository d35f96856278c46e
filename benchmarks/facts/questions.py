"""Asks a mechanism what can be asked without harm; prints the answers as one JSON object.

Run as a program: the arguments are the module's name and the names of its function's parameters.
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
# By how much the argument of each try is above the first that takes so long.
TRIES = (0, 0, 1, 1, 2, 2, 3)
# Answers that are neither yes nor no.
NO_EXTENSION = "no extension"
NO_GIL = "free-threaded: no GIL"
FOREIGN_ABI = "HPy's own"
NOT_VISIBLE = "not visible"
TOO_OLD = "not before 3.13"


def text_signature(fibonacci: Any, parameters: Sequence[str]) -> str:
    """Tells whether an editor or a test can read the function's own parameters.

    A signature that fits many functions, such as `(*args, **kwargs)` or `(object, /)`, is none:
    Python 3.15 makes one up for every built-in function that has no text of its own.
    """
    try:
        found = inspect.signature(fibonacci)
    except (TypeError, ValueError):
        return NO
    return YES if list(found.parameters) == list(parameters) else NO


def releases_gil(fibonacci: Any) -> str:
    """Tells whether this thread was seen to run while another was in C, in any of several tries.

    One sighting proves it. No sighting proves nothing: on a busy machine this thread may
    get no processor before the call ends. A free-threaded build has nothing to release.
    """
    if is_free_threaded():
        return NO_GIL
    n = 20
    while not _lasts_long(fibonacci, n):
        n += 1
    # Nobody is asked to give the GIL up, so this thread goes on only when the other lets go of
    # it by itself: within the call, or after its end.
    sys.setswitchinterval(1000)
    return YES if any(_overtakes(fibonacci, n + more) for more in TRIES) else NOT_SEEN


def _overtakes(fibonacci: Any, n: int) -> bool:
    """Calls it in another thread, and tells whether this one went on before the call ended."""
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
    # Processor time: on a busy machine a short call may take long.
    start_s = time.thread_time()
    fibonacci(n)
    return time.thread_time() - start_s > LONG_ENOUGH_S


def is_free_threaded() -> bool:
    """Tells whether this interpreter is a free-threaded build, with or without its GIL just now."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def extensions(package: str) -> list[ModuleType]:
    """Lists the extension modules that importing a mechanism has loaded from its folder."""
    loaded = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    return [m for m in loaded if str(getattr(m, "__file__", "")).endswith(abi.COMPILED)]


def stable_abi(package: str) -> str:
    """Tells whether the file that was loaded is one that other versions would load as well."""
    names = [str(module.__file__) for module in extensions(package)]
    if not names:
        return NO_EXTENSION
    if any(map(abi.is_universal, names)):
        return FOREIGN_ABI
    return YES if all(map(abi.is_stable, names)) else NO


def free_threading(package: str) -> str:
    """Tells whether importing a mechanism leaves a free-threaded interpreter without a GIL.

    With a GIL only the slot can be looked at by which a module says that it needs none; some
    tools compile that in for free-threaded interpreters alone.
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
    """Prints the answers for the module and the names of parameters that the command line has."""
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
