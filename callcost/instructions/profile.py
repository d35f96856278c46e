"""What a call's instructions were spent in: callgrind's dumps, function by function.

A dump says what each function has executed itself, apart from what it called. callgrind is told
to keep a function apart by who called it, so that each figure comes with a stack.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

import gprof2dot

# Between a function and its caller, in the names that callgrind then gives.
CALLED_BY = "'"
UNKNOWN = "???"


@dataclass(frozen=True, order=True)
class Frame:
    """A function of an object file; both as callgrind names them, `UNKNOWN` or an address too."""

    object: str
    function: str

    @property
    def named(self) -> bool:
        """Whether there was a symbol for it."""
        return self.function != UNKNOWN and not self.function.startswith("0x")


Stack = tuple[Frame, ...]
"""A function, its caller, and so on outwards."""

# What is called in a way that callgrind does not follow.
CALLED_ASIDE = Frame(UNKNOWN, UNKNOWN)

# An object file, and what callgrind calls a function in it together with its callers.
Name = tuple[str, str]

Spent = Mapping[Stack, float]
"""Instructions by where they were executed, callees not included."""


class _Parser(gprof2dot.CallgrindParser):  # type: ignore[misc]
    """Tells functions of one name in several object files apart, and derives nothing further."""

    def __init__(self, infile: TextIO) -> None:
        super().__init__(infile)
        self.spent: dict[Name, Counter[int]] = {}

    def parse(self) -> None:
        self.readline()
        self.parse_key("version")
        self.parse_key("creator")
        while self.parse_part():
            pass
        if not self.eof():
            raise ValueError(f"line {self.line_no} of callgrind's dump cannot be read")

    def parse_cost_line(self, calls: int | None = None) -> bool:
        function = self.get_function()
        before = function[gprof2dot.SAMPLES]
        found: bool = super().parse_cost_line(calls)
        if took := round(function[gprof2dot.SAMPLES] - before):
            self.spent.setdefault(function.id, Counter())[self.last_positions[0]] += took
        return found

    def make_function(self, module: str, filename: str, name: str) -> gprof2dot.Function:
        identity = module, name
        if identity not in self.profile.functions:
            function = gprof2dot.Function(identity, name)
            function.called = 0
            function[gprof2dot.SAMPLES] = 0
            self.profile.add_function(function)
        return self.profile.functions[identity]


def read_dump(path: Path) -> dict[Stack, int]:
    """Reads the instructions that one dump holds; raises ValueError for what is none."""
    with path.open(encoding="utf-8", errors="replace") as file:
        parser = _Parser(file)
        parser.parse()
    places = _places(parser.spent)
    found: Counter[Stack] = Counter()
    for (place, name), by_address in parser.spent.items():
        stack = _stack(place, name, places)
        if calls_aside(stack):
            own = own_addresses(stack[0])
            for address, instructions in by_address.items():
                inside = any(address in addresses for addresses in own)
                found[stack if inside else (CALLED_ASIDE, *stack)] += instructions
        else:
            found[stack] += by_address.total()
    return found


def calls_aside(stack: Stack) -> bool:
    """Tells whether a function makes libffi's calls, for which that moves the stack beforehand.

    callgrind takes such a call for a return, so that what is called is counted to its caller.
    """
    # The functions within a stripped libffi have no names, but the one that is called has.
    named = next((frame.function for frame in stack if frame.named), "")
    return "ffi_call" in named


@cache
def own_addresses(frame: Frame) -> tuple[range, ...]:
    """Finds where in its file the code of a function stands, from symbols and unwinding tables.

    All addresses there are, where the file does not tell.
    """
    import lief

    lief.logging.disable()
    binary = lief.ELF.parse(frame.object) if Path(frame.object).is_file() else None
    functions = [] if binary is None else list(binary.functions)
    start = -1 if frame.named else int(frame.function, 16)
    found = [
        range(function.address, function.address + function.size)
        for function in functions
        if function.name == frame.function
        or start in range(function.address, function.address + function.size)
    ]
    return tuple(found) or (range(sys.maxsize),)


def _places(names: Iterable[Name]) -> dict[str, str]:
    """Finds the object file of each name, whole and without its callers."""
    bare = {name.partition(CALLED_BY)[0]: place for place, name in names}
    return bare | {name: place for place, name in names}


def _stack(place: str, name: str, places: Mapping[str, str]) -> Stack:
    """Takes a name apart; a caller's object file is that of the function with the name's rest."""
    frames = []
    while name:
        function, _, callers = name.partition(CALLED_BY)
        # A number says how deep within itself the function was called.
        if not function.isdigit():
            frames.append(Frame(place or UNKNOWN, function))
        name = callers
        place = places.get(name) or places.get(name.partition(CALLED_BY)[0], "")
    return tuple(frames)


def per_call(
    dumps: Sequence[Mapping[Stack, int]], empty: Sequence[Mapping[Stack, int]], calls: int
) -> dict[Stack, float]:
    """Finds where one call spends its instructions, net of the empty loop.

    Of both there are two dumps, of `calls` turns and of twice as many. The values add up to
    (Ir(2N) - Ir(N)) / N, less the same for the empty loop.
    """
    (short, long), (empty_short, empty_long) = dumps, empty
    found = {}
    for stack in {**short, **long, **empty_short, **empty_long}:
        net = long.get(stack, 0) - short.get(stack, 0)
        net -= empty_long.get(stack, 0) - empty_short.get(stack, 0)
        if net:
            found[stack] = net / calls
    return found
