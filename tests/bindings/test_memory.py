"""No call leaks memory or writes where it must not, in any cell."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import setup_source
from callcost.bindings.registry import Build, Mechanism, mechanisms

CELLS = [
    pytest.param(mechanism, workload, id=f"{mechanism.name}-{workload.name}")
    for mechanism in mechanisms()
    for workload in WORKLOADS
    if mechanism.offers(workload.function) and mechanism.name != "python_reference"
]
CALLS = 20_000
# A leak in each call is at least CALLS blocks, or CALLS times 16 bytes.
MOST_BLOCKS, MOST_BYTES = 1_000, 100_000
# The order of what grew: bytes, blocks, references.
MOST = (MOST_BYTES, MOST_BLOCKS, MOST_BLOCKS)
# For mechanisms that run their own code, which may take a hundred times as long.
SLOW_CALLS = 10_000
needs_glibc = pytest.mark.skipif(
    sys.platform != "linux" or not os.confstr("CS_GNU_LIBC_VERSION"), reason="asks mallinfo2"
)

CHILD = """
import ctypes, gc, json, sys

class Memory(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    ]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Memory

def state(names):
    gc.collect()
    memory = mallinfo()
    held = {name: sys.getrefcount(value) for name, value in names.items()}
    return memory.uordblks + memory.hblkhd, sys.getallocatedblocks(), held

def run(epoch, count):
    for _ in range(count):
        epoch()

def grown(names, epoch, count):
    state(names), state(names)
    bytes_before, blocks_before, held_before = state(names)
    run(epoch, count)
    bytes_after, blocks_after, held_after = state(names)
    moved = {n: held_after[n] - held_before[n] for n in held_after if n != "__builtins__"}
    return bytes_after - bytes_before, blocks_after - blocks_before, max(moved.values())

def watch(setup, call, raises, count, most):
    names = {}
    exec(setup, names)
    text = f"def epoch():\\n try: {call}\\n except Exception: pass"
    exec(text, names)
    epoch = names.pop("epoch")
    run(epoch, max(10, count // 100))
    found = grown(names, epoch, count)
    # Memory allocated once and kept is not a leak: a leak grows every time.
    for _ in range(2):
        if all(growth < limit for growth, limit in zip(found, most)):
            break
        found = tuple(map(min, found, grown(names, epoch, count)))
    return found

cells, most = json.loads(sys.argv[1])
print(json.dumps([watch(*cell, most) for cell in cells]))
"""


def in_child(source: str, argument: list[Any], **variables: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", source, json.dumps(argument)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def skip_if_missing(mechanism: Mechanism) -> None:
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")


def cells_of(mechanism: Mechanism) -> list[Workload]:
    return [w for w in WORKLOADS if mechanism.offers(w.function)]


def calls_of(mechanism: Mechanism, workload: Workload) -> int:
    calls = CALLS if mechanism.same_c(workload.function) else SLOW_CALLS
    return calls // workload.crossings


@functools.cache
def growth(mechanism: Mechanism) -> dict[str, tuple[int, int, int]]:
    """Calls every cell of a mechanism; returns the growth in bytes, blocks and references."""
    cells = [
        (setup_source(mechanism, w), w.call, w.raises, calls_of(mechanism, w))
        for w in cells_of(mechanism)
    ]
    found = in_child(CHILD, [cells, MOST])
    return {w.name: tuple(grown) for w, grown in zip(cells_of(mechanism), found, strict=True)}


@needs_glibc
@pytest.mark.parametrize(("mechanism", "workload"), CELLS)
def test_no_call_leaks(mechanism: Mechanism, workload: Workload) -> None:
    skip_if_missing(mechanism)
    grown_bytes, grown_blocks, references = growth(mechanism)[workload.name]
    assert grown_bytes < MOST_BYTES
    assert grown_blocks < MOST_BLOCKS
    assert references < MOST_BLOCKS


PLANTED = {
    "an object of Python": ("kept = []", "kept.append([])"),
    "memory of C": (
        "import ctypes\nmalloc = ctypes.CDLL(None).malloc\nmalloc.restype = ctypes.c_void_p",
        "malloc(16)",
    ),
    "a reference": (
        "import ctypes\ntext = object()\ntake = ctypes.pythonapi.Py_IncRef\n"
        "take.argtypes = [ctypes.py_object]",
        "take(text)",
    ),
}


@needs_glibc
@pytest.mark.parametrize(("setup", "call"), PLANTED.values(), ids=PLANTED)
def test_a_planted_leak_is_found(setup: str, call: str) -> None:
    cell = (setup, call, None, CALLS)
    ((grown_bytes, grown_blocks, references),) = in_child(CHILD, [[cell], MOST])
    found = {
        "kept = []": grown_blocks > MOST_BLOCKS,
        "text": references > MOST_BLOCKS,
        "malloc": grown_bytes > MOST_BYTES,
    }
    assert any(found.values())


INNOCENT = {
    "nothing is kept": ("n = 10**6", "str(n)"),
    "a buffer is kept, once": (
        "import itertools\nkept = []\nturns = itertools.count()",
        "next(turns) == 1000 and kept.append(bytes(1_000_000))",
    ),
}


@needs_glibc
@pytest.mark.parametrize(("setup", "call"), INNOCENT.values(), ids=INNOCENT)
def test_calls_without_a_leak_pass(setup: str, call: str) -> None:
    cell = (setup, call, None, CALLS)
    ((grown_bytes, grown_blocks, references),) = in_child(CHILD, [[cell], MOST])
    assert grown_bytes < MOST_BYTES
    assert grown_blocks < MOST_BLOCKS
    assert references < MOST_BLOCKS


# Every call under CPython's debugging allocator, which notices overwritten memory.

DEBUG_CHILD = """
import json, sys

for setup, call, view, raises, expect in json.loads(sys.argv[1]):
    names = {}
    exec(setup, names)
    for _ in range(100):
        try:
            names["result"] = eval(call, names)
        except Exception as error:
            wanted = eval(raises, names) if raises else ()
            kind = wanted if isinstance(wanted, type) else type(wanted)
            assert type(error) is kind, (call, error)
        else:
            assert raises is None, call
    if raises is None:
        names = {}
        exec(setup, names)
        names["result"] = eval(call, names)
        assert repr(eval(view or "result", names)) == expect, call
print("{}")
"""


@pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda mechanism: mechanism.name)
def test_the_debugging_allocator_finds_nothing(mechanism: Mechanism) -> None:
    skip_if_missing(mechanism)
    calls = [
        (setup_source(mechanism, w), w.call, w.view, w.raises, repr(w.expect))
        for w in cells_of(mechanism)
    ]
    assert in_child(DEBUG_CHILD, calls, PYTHONMALLOC="debug") == {}
