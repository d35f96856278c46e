"""Says what one call returns, and roughly what it costs, in a fresh process of its own.

The values of two sides are compared without ever meeting in one process: each is described by
its exact type, a short text and two digests. It runs in any interpreter that `worker.py` runs in,
next to that file and those that it loads.

Reads one job, a JSON object, from the file named on its command line: `contender`, `expect` (an
expression, or null), `estimate` (whether to estimate the cost), `settle_turns`, `modules`,
`limit_s` and `position_file`. Answers with JSON lines as worker.py does: `ready`, `set up`,
`answers`, then `done`; or `error`.
"""

import sys

if __name__ == "__main__" and sys.path[:1] == [__file__.rpartition("/")[0]]:
    # The folder of this file: its modules must not take the place of the standard library's.
    del sys.path[0]

import copyreg
import enum
import gc
import hashlib
import importlib.util
import json
import re
import reprlib
from array import array
from collections import OrderedDict, deque
from collections.abc import ItemsView, KeysView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    from callcost.worker import worker
    from callcost.worker.worker import Line

    T = TypeVar("T")
else:
    # By its file: in the interpreter under test callcost may be missing, or another one.
    spec = importlib.util.spec_from_file_location(
        "callcost_worker", f"{__file__.rpartition('/')[0]}/worker.py"
    )
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)

REPEATS = 3
# Larger values than this are shown, and not compared.
MOST_PARTS = 50_000
# Lists from this length on are read as a whole where that is exact.
LONG = 1_000
MOST_BYTES = 1 << 24
DEEPEST = 60
LONGEST_TEXT = 90
ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,}")
# Struct codes of numbers that can be NaN, and of what is an address.
FLOATS = re.compile(r"[efdg]")
ADDRESSES = re.compile(r"[PO&XzZ](?![fdg])")
NATIVE = re.compile(r"([@=<>]?)([bBhHiIlLqQfd?c])")
OWN_ORDER = ("", "@", "=", "<" if sys.byteorder == "little" else ">")


class Reader:
    """Reads one value into digests, and notes what in it cannot be compared.

    `full` stands for all that is known of a value. `sure` leaves out what may differ between
    equal values. So equal `full` digests mean equal values, unless something is `opaque`, and
    unequal `sure` digests mean unequal values.
    """

    def __init__(self) -> None:
        self.opaque: dict[str, None] = {}
        self._parts = 0
        self._inside: set[int] = set()

    def read(self, value: "Any") -> "tuple[bytes, bytes]":
        """Returns the digests `full` and `sure` of a value."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            return self._unknown(value, "too large to compare")
        if (exact := atom(value)) is not None:
            found = digest(type_name(type(value)).encode(), exact)
            return found, found
        if id(value) in self._inside or len(self._inside) > DEEPEST:
            return self._unknown(value, "nested too deeply to compare")
        self._inside.add(id(value))
        try:
            return self._read_whole(value)
        finally:
            self._inside.discard(id(value))

    def _read_whole(self, value: "Any") -> "tuple[bytes, bytes]":
        if (exact := simple_parts(value)) is not None:
            found = digest(type_name(type(value)).encode(), b"simple", *exact)
            return found, found
        if isinstance(value, (list, tuple, deque)):
            return self._join(value, [self.read(part) for part in value])
        if isinstance(value, dict):
            pairs = [self._join(pair, map(self.read, pair)) for pair in dict.items(value)]
            return self._join(value, pairs, ordered=isinstance(value, OrderedDict))
        if isinstance(value, (set, frozenset, KeysView, ItemsView)):
            return self._join(value, map(self.read, value), ordered=False)
        if isinstance(value, enum.Enum):
            return self._join(value, [self.read(value.name)])
        try:
            view = memoryview(value)
        except (TypeError, ValueError, BufferError):
            return self._read_object(value)
        with view:
            return self._read_buffer(value, view)

    def _read_buffer(self, value: "Any", view: memoryview) -> "tuple[bytes, bytes]":
        """Reads what offers its memory: arrays, NumPy's scalars, what ctypes makes."""
        shape = f"{view.format}{view.shape}".encode()
        if view.nbytes > MOST_BYTES:
            return self._unknown(value, "too large to compare")
        if fields := ctypes_fields(type(value)):
            # Not its memory, which has padding.
            return self._join(value, [self.read(getattr(value, name)) for name in fields])
        native = NATIVE.fullmatch(view.format)
        if native and native[1] in OWN_ORDER:
            code: Any = native[2]
            if not FLOATS.search(code):
                found = digest(type_name(type(value)).encode(), shape, view.tobytes())
                return found, found
            items: Any = memoryview(view.tobytes()).cast(code).tolist()
        elif hasattr(value, "tolist"):
            items = value.tolist()
        elif ADDRESSES.search(view.format):
            return self._unknown(value, "addresses")
        else:
            items = view.tobytes()
        return self._join(value, [self.read(items), (shape, shape)])

    def _read_object(self, value: "Any") -> "tuple[bytes, bytes]":
        """Reads an object by what would be pickled of it, and by what its own `repr` says."""
        kind = type(value)
        if not has_own(kind, "__eq__"):
            return self._unknown(value, f"{type_name(kind)} equals only itself")
        shown = repr(value).encode("utf-8", "replace") if has_own(kind, "__repr__") else b""
        if ADDRESS.search(shown.decode()):
            shown = b""
        name = type_name(kind).encode()
        try:
            # As pickle does it.
            reduce: Any = copyreg.dispatch_table.get(kind)
            made: Any = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception:
            # Nothing else tells all that is in it, so only a difference can be seen.
            self.opaque[f"what is in {type_name(kind)} cannot be seen"] = None
            return digest(name, shown), digest(name, shown)
        if isinstance(made, str):
            return digest(name, made.encode()), digest(name, shown)
        maker, *rest = made
        parts = [self.read(list(part) if hasattr(part, "__next__") else part) for part in rest]
        full = digest(name, full_name(maker).encode(), *(full for full, _ in parts))
        return full, digest(name, shown)

    def _join(
        self, value: "Any", parts: "Iterable[tuple[bytes, bytes]]", *, ordered: bool = True
    ) -> "tuple[bytes, bytes]":
        name = type_name(type(value)).encode()
        halves = list(zip(*parts)) or [(), ()]  # noqa: B905 - Python 3.9 does not know `strict`
        full, sure = (half if ordered else sorted(half) for half in halves)
        return digest(name, *full), digest(name, *sure)

    def _unknown(self, value: "Any", why: str) -> "tuple[bytes, bytes]":
        self.opaque[why] = None
        found = digest(type_name(type(value)).encode())
        return found, found


def atom(value: "Any") -> "bytes | None":
    """Returns the exact content of a value that has no parts; None for what has some.

    All NaN are the same, and 0.0 is not -0.0.
    """
    if value is None or value is Ellipsis or value is NotImplemented:
        return b""
    if isinstance(value, int):
        return int.__format__(value, "x").encode()
    if isinstance(value, float):
        return float.hex(value).encode()
    if isinstance(value, complex):
        return f"{float.hex(value.real)} {float.hex(value.imag)}".encode()
    if isinstance(value, str):
        return str.encode(value, "utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return full_name(value).encode() if isinstance(value, type) else None


def simple_parts(value: "Any") -> "list[bytes] | None":
    """Returns the exact content of a long list of numbers or texts; one by one would take long.

    None for every other value.
    """
    if not isinstance(value, (list, tuple)) or len(value) < LONG:
        return None
    kinds = set(map(type, value))
    if kinds <= {int, bool, str, type(None)}:
        try:
            return [json.dumps(value).encode()]
        except ValueError:
            # Python does not write the digits of very long numbers.
            return None
    if kinds != {float}:
        return None
    # All NaN are the same, whatever their bits are.
    missing = [place for place, number in enumerate(value) if number != number]
    numbers = array("d", value)
    for place in missing:
        numbers[place] = 0.0
    return [numbers.tobytes(), repr(missing).encode()]


def digest(*parts: bytes) -> bytes:
    """Returns the digest of some texts, whose borders count."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def full_name(named: "Any") -> str:
    """Names a class or a function with its module."""
    own = getattr(named, "__qualname__", type(named).__qualname__)
    return f"{getattr(named, '__module__', '')}.{own}"


def type_name(kind: type) -> str:
    """Names a type as people do: int, numpy.float64."""
    name = full_name(kind)
    for prefix in ("builtins.", "__callcost__."):
        name = name[len(prefix) :] if name.startswith(prefix) else name
    return name


def has_own(kind: type, method: str) -> bool:
    """Tells whether a type has a method of its own where `object` has one too."""
    return getattr(kind, method) is not getattr(object, method)


def ctypes_fields(kind: type) -> "list[str]":
    """Lists the fields of a structure of ctypes; empty for every other type."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or not issubclass(kind, ctypes.Structure):
        return []
    return [field[0] for base in reversed(kind.__mro__) for field in vars(base).get("_fields_", ())]


class Short(reprlib.Repr):
    """Shows a value in a short text, however large it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 60

    def repr_bytes(self, value: bytes, level: int) -> str:
        """Shows the beginning of long bytes."""
        return repr(value) if len(value) <= self.maxother else f"{value[: self.maxother]!r}..."

    def repr_int(self, value: int, level: int) -> str:
        """Shows the length of a long number, whose digits Python may refuse to write."""
        bits = value.bit_length()
        return repr(value) if bits <= 200 else f"<a number of {bits} bits>"


def show(value: "Any") -> str:
    """Shows a value on one line, cut and without control characters."""
    try:
        text = Short().repr(value)
    except Exception as error:
        text = f"<its repr raised {type(error).__name__}>"
    return worker.clean(text, LONGEST_TEXT)


def describe(value: "Any") -> "dict[str, Any]":
    """Describes a value so that it can be compared with one of another process."""
    reader = Reader()
    try:
        full, sure = reader.read(value)
    except Exception as error:
        full = sure = digest(type_name(type(value)).encode())
        reader.opaque[f"reading it raised {type(error).__name__}"] = None
    return {
        "type": type_name(type(value)),
        "text": show(value),
        "full": full.hex(),
        "sure": sure.hex(),
        "opaque": list(reader.opaque)[:3],
    }


def is_right(value: "Any", expected: "Any") -> "bool | None":
    """Tells whether a value is the expected one, type included; None if that cannot be told."""
    if value is expected:
        return True
    one, other = describe(value), describe(expected)
    if one["full"] == other["full"] and not one["opaque"]:
        return True
    if one["sure"] != other["sure"]:
        return False
    try:
        return bool(value == expected) if has_own(type(value), "__eq__") else None
    except Exception:
        return None


def is_plain(value: "Any", expected: "Any") -> bool:
    """Tells whether the processes that are timed can find this out by themselves."""
    try:
        return worker.checks.alike(value, expected)
    except Exception:
        return False


def guarded(work: "Callable[[], T]", kind: str, what: str) -> "T":
    """Does some work of the contender's; raises ContenderError for all that it may do instead."""
    forks = worker.guard.forks
    try:
        found = work()
    except worker.ContenderError:
        raise
    # Also what would end this process: the caller has to hear of it.
    except BaseException as error:
        raise worker.ContenderError(kind, f"{what} raised {worker.described(error)}") from error
    if worker.guard.forks != forks:
        raise worker.ContenderError("fork", f"{what} forked its process")
    return found


def evaluate(source: str, namespace: "dict[str, Any]", kind: str, what: str) -> "Any":
    """Evaluates an expression; raises ContenderError."""
    return guarded(lambda: eval(compile(source, f"<{what}>", "eval"), namespace), kind, what)


def output_size(what: str) -> int:
    """Counts what was written to standard output; raises ContenderError where that is closed."""
    try:
        return worker.output_size()
    except (OSError, ValueError) as error:
        message = f"{what} closed standard output"
        raise worker.ContenderError("closed", message) from error


class Answers:
    """What a call answered each time that it was made.

    Each answer is described at once: a later call may change the object that an earlier one
    returned.
    """

    def __init__(self, call: str, expected: "Callable[[], Any] | None") -> None:
        self._call = call
        self._expected = expected
        self.seen: list[dict[str, Any]] = []
        self.right: list[bool | None] = []
        self.plain = True

    def take(self, namespace: "dict[str, Any]", written: int) -> None:
        """Makes the call once more; raises ContenderError."""
        value = evaluate(self._call, namespace, "call failed", self._call)
        if output_size(self._call) != written:
            raise worker.ContenderError("garbage", f"{self._call} wrote to standard output")
        self.seen.append(describe(value))
        if self._expected is not None:
            expected = self._expected()
            self.right.append(is_right(value, expected))
            self.plain = self.plain and is_plain(value, expected)

    def event(self) -> "dict[str, Any]":
        """Returns what the coordinator is told."""
        right = None
        value = self.seen[0]
        if False in self.right:
            right, value = False, self.seen[self.right.index(False)]
        elif self.right and None not in self.right:
            right = True
        return {
            "event": "answers",
            "value": value,
            "changes": any(one["full"] != value["full"] for one in self.seen),
            "type_changes": any(one["type"] != value["type"] for one in self.seen),
            "expected": None if self._expected is None else describe(self._expected()),
            "right": right,
            "plain": self.plain and self._expected is not None,
        }


def expectation(job: "dict[str, Any]", namespace: "dict[str, Any]") -> "Callable[[], Any] | None":
    """Evaluates what is expected; raises ContenderError."""
    expect = job["expect"]
    if expect is None:
        return None
    expected = evaluate(expect, namespace, "expect failed", f"--expect {expect}")
    return lambda: expected


def answer(job: "dict[str, Any]", namespace: "dict[str, Any]") -> "dict[str, Any]":
    """Makes the call several times; returns what it answers and what it costs."""
    written = output_size("its set-up")
    answers = Answers(job["contender"]["call"], expectation(job, namespace))
    for _ in range(REPEATS):
        answers.take(namespace, written)
    call_ns = estimate_ns(job, namespace) if job["estimate"] else None
    # Once more after many calls, as a call may turn wrong only then.
    answers.take(namespace, written)
    return {**answers.event(), "call_ns": call_ns}


def estimate_ns(job: "dict[str, Any]", namespace: "dict[str, Any]") -> float:
    """Estimates roughly what a call costs, in ns."""
    call = job["contender"]["call"]

    def work() -> float:
        epoch = worker.compile_epoch(call, namespace, 1)
        worker.settle(epoch, job["settle_turns"])
        return worker.estimate_turn_ns(epoch)

    return guarded(work, "call failed", call)


def work_off(job: "dict[str, Any]", line: "Line") -> None:
    """Does the one job; raises ContenderError."""
    contender = job["contender"]
    start_ns = worker.CLOCK()
    namespace = guarded(lambda: worker.prepare(contender), "setup failed", "its set-up")
    line.answer({"event": "set up", "setup_s": (worker.CLOCK() - start_ns) / 1e9})
    line.answer(answer(job, namespace))


def main() -> None:
    """Runs the one job that the command line names."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    worker.die_with_coordinator()
    line = worker.Line(worker.take_over_output(), job["position_file"], job["limit_s"])
    line.answer({"event": "ready", "interpreter": worker.interpreter_facts()})
    sys.meta_path.append(worker.ModuleFinder(job["modules"]))
    if hasattr(sys, "getrefcount"):
        # As while it is timed.
        gc.disable()
    worker.guard.begin([job["contender"]])
    try:
        work_off(job, line)
    except worker.ContenderError as error:
        line.answer({"event": "error", "kind": error.kind, "message": str(error)})
    line.answer({"event": "done"})


if __name__ == "__main__":
    main()
