"""Reads callgrind's dumps: the instructions of each function, by its callers.

A dump says how many instructions each function executed itself, without its callees. callgrind
separates a function by its callers, so that each figure comes with a stack.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

import gprof2dot

from callcost.model.instructions import CALLED_ASIDE, UNKNOWN, Frame, Stack

# Separates a function from its caller in callgrind's names.
CALLED_BY = "'"

# An object file, and what callgrind calls a function in it together with its callers.
Name = tuple[str, str]


class _Parser(gprof2dot.CallgrindParser):  # type: ignore[misc]
    """Separates functions of the same name in different object files, and derives nothing."""

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
    """Read the instructions of one dump. Raise ValueError if it is malformed."""
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
    """Tell whether a function is the one by which libffi calls.

    libffi moves the stack before a call. callgrind takes that for a return and counts the callee's
    instructions to the caller.
    """
    # A stripped libffi only names the function that others call.
    named = next((frame.function for frame in stack if frame.named), "")
    return "ffi_call" in named


@cache
def own_addresses(frame: Frame) -> tuple[range, ...]:
    """Find the addresses of a function's code in its file, from symbols and unwinding tables.

    Return all addresses if the file does not tell.
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
    """Map each name, with and without its callers, to its object file."""
    bare = {name.partition(CALLED_BY)[0]: place for place, name in names}
    return bare | {name: place for place, name in names}


def _stack(place: str, name: str, places: Mapping[str, str]) -> Stack:
    """Split a name into frames; the rest of a name identifies the caller's object file."""
    frames = []
    while name:
        function, _, callers = name.partition(CALLED_BY)
        # A number is the depth of a recursion.
        if not function.isdigit():
            frames.append(Frame(place or UNKNOWN, function))
        name = callers
        place = places.get(name) or places.get(name.partition(CALLED_BY)[0], "")
    return tuple(frames)


def per_call(
    dumps: Sequence[Mapping[Stack, int]], empty: Sequence[Mapping[Stack, int]], calls: int
) -> dict[Stack, float]:
    """Return where one call spends its instructions, net of the empty loop.

    Both sequences hold a dump of `calls` turns and one of twice as many. The values add up to
    (Ir(2N) - Ir(N)) / N, minus the same for the empty loop.
    """
    (short, long), (empty_short, empty_long) = dumps, empty
    found = {}
    for stack in {**short, **long, **empty_short, **empty_long}:
        net = long.get(stack, 0) - short.get(stack, 0)
        net -= empty_long.get(stack, 0) - empty_short.get(stack, 0)
        if net:
            found[stack] = net / calls
    return found
