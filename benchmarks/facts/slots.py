"""Reads whether a loaded extension module declares that it needs no GIL.

It does so in a slot, a pair of a number and a value. `PyInit_NAME` returns a definition with the
slots, `PyModExport_NAME` (PEP 793, from Python 3.15 on) the slots themselves. Layouts and numbers
belong to the stable ABI, so they do not change; tests compare the numbers with Python's headers.
"""

import ctypes
from collections.abc import Iterator
from typing import Any

# Py_mod_gil in modules for 3.13 and 3.14, and in those for 3.15 (PEP 820).
MOD_GIL = (4, 87)
GIL_NOT_USED = 1
SLOT_END = 0
# Slots whose value is another array: of PySlot, and of PyModuleDef_Slot.
SUBSLOTS, MOD_SLOTS = 92, 94

Slots = Iterator[tuple[int, int]]


class ModuleDefSlot(ctypes.Structure):
    """PyModuleDef_Slot."""

    _fields_ = (("number", ctypes.c_int), ("value", ctypes.c_void_p))


class Slot(ctypes.Structure):
    """PySlot. Its value is a union, in which a pointer is as wide as any other member."""

    _fields_ = (
        ("number", ctypes.c_uint16),
        ("flags", ctypes.c_uint16),
        ("reserved", ctypes.c_uint32),
        ("value", ctypes.c_void_p),
    )


class ModuleDef(ctypes.Structure):
    """PyModuleDef up to its slots, without the object header."""

    _fields_ = (
        ("init", ctypes.c_void_p),
        ("index", ctypes.c_ssize_t),
        ("copy", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("doc", ctypes.c_char_p),
        ("size", ctypes.c_ssize_t),
        ("methods", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
    )


def needs_no_gil(library: ctypes.PyDLL, name: str) -> bool:
    """Say whether a module declares that it needs no GIL, through either entry point."""
    return any(
        number in MOD_GIL and value == GIL_NOT_USED for number, value in _slots(library, name)
    )


def _slots(library: ctypes.PyDLL, name: str) -> Slots:
    """Yield the slots that Python finds; it looks for the newer entry point first."""
    if exported := getattr(library, f"PyModExport_{name}", None):
        exported.restype = ctypes.c_void_p
        yield from _array(Slot, exported())
        return
    initialise = getattr(library, f"PyInit_{name}")
    initialise.restype = ctypes.py_object
    definition: Any = initialise()
    # The definition is static, and the reference to it is borrowed.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(definition))
    # Single-phase initialisation returns the module itself, which has no slots.
    if type(definition).__name__ == "moduledef":
        known = ModuleDef.from_address(id(definition) + object.__basicsize__)
        yield from _array(ModuleDefSlot, known.slots)


def _array(kind: type[Slot] | type[ModuleDefSlot], address: int | None) -> Slots:
    """Yield the slots of an array and of the arrays that it refers to."""
    while address:
        slot = kind.from_address(address)
        number, value = int(slot.number), int(slot.value or 0)
        if number == SLOT_END:
            return
        if number == SUBSLOTS:
            yield from _array(Slot, value)
        elif number == MOD_SLOTS:
            yield from _array(ModuleDefSlot, value)
        else:
            yield number, value
        address += ctypes.sizeof(kind)
