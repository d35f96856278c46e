"""Asks a mechanism what can be asked without harm; prints the answers as one JSON object.

Run as a program, with the module's name as its argument.
"""

import ctypes
import importlib
import inspect
import json
import struct
import sys
import sysconfig
import threading
import time
from types import ModuleType
from typing import Any

YES, NO, NOT_SEEN = "yes", "no", "not seen"
LONG_ENOUGH_S = 0.02
# By how much the argument of each try is above the first that takes so long.
TRIES = (0, 0, 1, 1, 2, 2, 3)
MOD_GIL_SLOT, GIL_NOT_USED = 4, 1
# In a PyModuleDef on a 64-bit machine: where its slots are.
SLOTS_OFFSET = 72
SLOT = struct.Struct("@iP")


def text_signature(fibonacci: Any) -> str:
    """Reads the signature as an editor or a test would."""
    try:
        inspect.signature(fibonacci)
    except (TypeError, ValueError):
        return NO
    return YES


def releases_gil(fibonacci: Any) -> str:
    """Tells whether this thread was seen to run while another was in C, in any of several tries.

    One sighting is proof. None is no proof of the opposite: on a busy machine this thread may
    get no processor before the call ends.
    """
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


def extensions(package: str) -> list[ModuleType]:
    """Lists the extension modules that importing a mechanism has loaded from its folder."""
    loaded = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    return [m for m in loaded if str(getattr(m, "__file__", "")).endswith((".so", ".dylib"))]


def stable_abi(package: str) -> str:
    """Tells whether the file that was loaded is one that other versions would load as well."""
    names = [str(module.__file__) for module in extensions(package)]
    if not names:
        return "no extension"
    if any(".hpy" in name for name in names):
        return "HPy's own"
    return YES if all(".abi3." in name for name in names) else NO


def free_threading(package: str) -> str:
    """Tells whether importing a mechanism leaves a free-threaded interpreter without a GIL.

    With a GIL only the slot can be looked at by which a module says that it needs none; some
    tools compile that in for free-threaded interpreters alone.
    """
    if sys.version_info < (3, 13):
        return "not before 3.13"
    found = extensions(package)
    if not found:
        return "no extension"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return NO if sys._is_gil_enabled() else YES
    return YES if all(_declares_no_gil(module) for module in found) else "not visible"


def _declares_no_gil(module: ModuleType) -> bool:
    stem = module.__name__.rpartition(".")[2]
    initialise = getattr(ctypes.PyDLL(module.__file__), f"PyInit_{stem}")
    initialise.restype = ctypes.c_void_p
    address = initialise()
    kind: Any = ctypes.cast(address, ctypes.POINTER(ctypes.py_object * 2)).contents[1]
    if kind.__name__ != "moduledef":
        return False  # single-phase: what it made is a module, which has no slots
    (slot_address,) = struct.unpack("@P", ctypes.string_at(address + SLOTS_OFFSET, 8))
    while slot_address:
        number, value = SLOT.unpack(ctypes.string_at(slot_address, SLOT.size))
        if number == 0:
            return False
        if number == MOD_GIL_SLOT:
            return bool(value == GIL_NOT_USED)
        slot_address += SLOT.size
    return False


def main() -> None:
    """Prints the answers for the module that the command line names."""
    package = sys.argv[1]
    fibonacci = importlib.import_module(package).fibonacci
    answers = {
        "text_signature": text_signature(fibonacci),
        "stable_abi": stable_abi(package),
        "releases_gil": releases_gil(fibonacci),
        "free_threading": free_threading(package),
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
