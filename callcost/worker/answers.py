"""Finds out what one call returns, and roughly what it costs, in its own fresh process.

The values of two sides are compared without meeting in one process: each is described by its
exact type, a short text and two digests.

worker.py loads this file by its path. The job is a JSON object: `contender`, `expect` (an
expression, or null), `estimate` (whether to estimate the cost), `settle_turns`, `limit_s` and
`position_file`. The answers are JSON lines like worker.py's: `ready`, `set up`, `answers`, then
`done`; or `error`.
"""

import copyreg
import enum
import hashlib
import json
import re
import reprlib
import sys
import types
from array import array
from collections import OrderedDict, deque
from collections.abc import ItemsView, KeysView

if __package__:
    # Where the job is done, worker.py loads this file and gives it itself.
    from callcost.worker import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    from callcost.worker.guard import Process

    T = TypeVar("T")

REPEATS = 3
# Values with more parts are shown but not compared.
MOST_PARTS = 50_000
# Lists of this length or more are read as a whole where that is exact.
LONG = 1_000
MOST_BYTES = 1 << 24
DEEPEST = 60
LONGEST_TEXT = 90
ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,}")
# In a repr, the beginning of parts whose order does not matter.
UNORDERED = re.compile(r"\{|namespace\(")
# Struct codes of numbers that can be NaN, and of addresses.
FLOATS = re.compile(r"[efdg]")
ADDRESSES = re.compile(r"[PO&XzZ](?![fdg])")
NATIVE = re.compile(r"([@=<>]?)([bBhHiIlLqQfd?c])")
OWN_ORDER = ("", "@", "=", "<" if sys.byteorder == "little" else ">")


class Reader:
    """Turns one value into two digests, and notes which parts of it cannot be compared.

    The digest `full` covers everything known about a value; `sure` leaves out what may differ
    between equal values. Equal `full` digests therefore mean equal values, unless something is
    `opaque`; different `sure` digests mean different values.
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
            return self._exactly(value, exact)
        if id(value) in self._inside or len(self._inside) > DEEPEST:
            return self._unknown(value, "nested too deeply to compare")
        self._inside.add(id(value))
        try:
            return self._read_whole(value)
        finally:
            self._inside.discard(id(value))

    def _read_whole(self, value: "Any") -> "tuple[bytes, bytes]":
        if (exact := simple_parts(value)) is not None:
            return self._exactly(value, b"simple", *exact)
        if isinstance(value, (list, tuple, deque)):
            return self._join(value, [self.read(part) for part in value])
        if isinstance(value, range):
            # Equal ranges have the same numbers, whatever their ends.
            return self._join(value, map(self.read, (len(value), *value[:2])))
        if (items := mapped(value)) is not None:
            pairs = [self._join(pair, map(self.read, pair)) for pair in items]
            return self._join(value, pairs, ordered=isinstance(value, OrderedDict))
        if isinstance(value, (set, frozenset, KeysView, ItemsView)):
            return self._join(value, map(self.read, value), ordered=False)
        if isinstance(value, enum.Enum):
            return self._exactly(value, str(value.name or value.value).encode())
        try:
            view = memoryview(value)
        except (TypeError, ValueError, BufferError):
            return self._read_object(value)
        with view:
            return self._read_buffer(value, view)

    def _read_buffer(self, value: "Any", view: memoryview) -> "tuple[bytes, bytes]":
        """Reads a value that exposes its memory: an array, a NumPy scalar, a ctypes object."""
        shape = f"{view.format}{view.shape}".encode()
        if view.nbytes > MOST_BYTES:
            return self._unknown(value, "too large to compare")
        if fields := ctypes_fields(type(value)):
            # By field: its memory contains padding.
            return self._join(value, [self.read(getattr(value, name)) for name in fields])
        native = NATIVE.fullmatch(view.format)
        if native and native[1] in OWN_ORDER:
            code: Any = native[2]
            if not FLOATS.search(code):
                return self._exactly(value, shape, view.tobytes())
            items: Any = memoryview(view.tobytes()).cast(code).tolist()
        elif hasattr(value, "tolist"):
            items = value.tolist()
        elif ADDRESSES.search(view.format):
            return self._unknown(value, "addresses")
        else:
            items = view.tobytes()
        return self._join(value, [self.read(items), (shape, shape)])

    def _read_object(self, value: "Any") -> "tuple[bytes, bytes]":
        """Reads any other object through what pickle would store of it and through its `repr`."""
        kind = type(value)
        if not has_own(kind, "__eq__"):
            return self._unknown(value, f"{type_name(kind)} equals only itself")
        shown = shown_content(value)
        name = type_name(kind).encode()
        try:
            # Like pickle.
            reduce: Any = copyreg.dispatch_table.get(kind)
            made: Any = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception:
            # Only its repr is known, which can show a difference but not equality.
            self.opaque[f"the content of {type_name(kind)} cannot be read"] = None
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
        return self._with_own(value, digest(name, *full), digest(name, *sure))

    def _exactly(self, value: "Any", *content: bytes) -> "tuple[bytes, bytes]":
        found = digest(type_name(type(value)).encode(), *content)
        return self._with_own(value, found, found)

    def _with_own(self, value: "Any", full: bytes, sure: bytes) -> "tuple[bytes, bytes]":
        """Adds what a subclass of a builtin type holds besides its content: a unit, a mask.

        It may decide what of the content counts, so that only its repr tells values apart.
        """
        if not own_state(value):
            return full, sure
        # First: it may change the state, as that of NumPy's masked arrays does.
        shown = digest(type_name(type(value)).encode(), shown_content(value))
        return digest(full, self.read(own_state(value))[0]), shown

    def _unknown(self, value: "Any", why: str) -> "tuple[bytes, bytes]":
        self.opaque[why] = None
        found = digest(type_name(type(value)).encode())
        return found, found


def atom(value: "Any") -> "bytes | None":
    """Returns the exact content of a value without parts; None for any other value.

    All NaN are equal, and 0.0 differs from -0.0.
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
    """Returns the exact content of a long list of numbers or texts; None for any other value.

    Reading the items one by one would be slow.
    """
    if not isinstance(value, (list, tuple)) or len(value) < LONG:
        return None
    kinds = set(map(type, value))
    if kinds <= {int, bool, str, type(None)}:
        try:
            return [json.dumps(value).encode()]
        except ValueError:
            # Python refuses to print very long numbers.
            return None
    if kinds != {float}:
        return None
    # All NaN are equal, whatever their bits.
    missing = [place for place, number in enumerate(value) if number != number]
    numbers = array("d", value)
    for place in missing:
        numbers[place] = 0.0
    return [numbers.tobytes(), repr(missing).encode()]


def digest(*parts: bytes) -> bytes:
    """Returns one digest of several parts; moving bytes between parts changes it."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def full_name(named: "Any") -> str:
    """Returns the qualified name of a class or function, with its module."""
    own = getattr(named, "__qualname__", type(named).__qualname__)
    return f"{getattr(named, '__module__', '')}.{own}"


def type_name(kind: type) -> str:
    """Returns a type's name as people write it: int, numpy.float64."""
    name = full_name(kind)
    for prefix in ("builtins.", "__callcost__."):
        name = name[len(prefix) :] if name.startswith(prefix) else name
    return name


def mapped(value: "Any") -> "Iterable[tuple[Any, Any]] | None":
    """Returns the items of a value whose equality does not depend on their order, or None."""
    if isinstance(value, dict):
        return dict.items(value)
    if isinstance(value, types.MappingProxyType):
        return list(value.items())
    return vars(value).items() if isinstance(value, types.SimpleNamespace) else None


def own_state(value: "Any") -> "dict[str, Any]":
    """Returns the attributes that an instance itself holds."""
    if isinstance(value, (type, enum.Enum, types.SimpleNamespace)):
        return {}
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def shown_content(value: "Any") -> bytes:
    """Returns what different values differ in: the repr, as far as equal values share it."""
    kind = type(value)
    fields = getattr(kind, "__dataclass_fields__", {}).values()
    text = repr(value) if has_own(kind, "__repr__") else ""
    if ADDRESS.search(text) or not all(field.compare for field in fields):
        return b""
    # In a set or a mapping, the order says nothing.
    return ("".join(sorted(text)) if UNORDERED.search(text) else text).encode("utf-8", "replace")


def has_own(kind: type, method: str) -> bool:
    """Tells whether a type overrides a method of `object`."""
    return getattr(kind, method) is not getattr(object, method)


def ctypes_fields(kind: type) -> "list[str]":
    """Lists the fields of a ctypes structure; empty for any other type."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or not issubclass(kind, ctypes.Structure):
        return []
    return [field[0] for base in reversed(kind.__mro__) for field in vars(base).get("_fields_", ())]


class Short(reprlib.Repr):
    """Shows any value as a short text."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 60

    def repr_bytes(self, value: bytes, level: int) -> str:
        """Shows the beginning of long bytes."""
        return repr(value) if len(value) <= self.maxother else f"{value[: self.maxother]!r}..."

    def repr_int(self, value: int, level: int) -> str:
        """Shows the size of a long number instead, as Python may refuse to print its digits."""
        bits = value.bit_length()
        return repr(value) if bits <= 200 else f"<{bits}-bit number>"


def show(value: "Any") -> str:
    """Shows a value on one line, shortened and without control characters."""
    try:
        text = Short().repr(value)
    except Exception as error:
        text = f"<its repr raised {type(error).__name__}>"
    return worker.clean(text, LONGEST_TEXT)


def describe(value: "Any") -> "dict[str, Any]":
    """Describes a value so that it can be compared with a value of another process."""
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
    """Tells whether a value equals the expected one, type included; None if unknown."""
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
    """Tells whether the timing processes can compare these values themselves."""
    try:
        return worker.checks.alike(value, expected)
    except Exception:
        return False


def output_size(what: str) -> int:
    """Counts the bytes written to standard output; raises ContenderError if it was closed."""
    try:
        return worker.output_size()
    except (OSError, ValueError) as error:
        message = f"{what} closed standard output"
        raise worker.ContenderError("closed", message) from error


class Call:
    """The call of a job: runs its set-up, then finds its answers and its cost.

    Each answer is described at once: a later call may change an object returned earlier.
    Every method raises ContenderError if the contender fails.
    """

    def __init__(self, job: "dict[str, Any]", process: "Process") -> None:
        self._job = job
        self._call = job["contender"]["call"]
        self._process = process
        self._seen: list[dict[str, Any]] = []
        self._right: list[bool | None] = []
        self._plain = job["expect"] is not None
        start_ns = worker.CLOCK()
        self._namespace = self._guarded(
            lambda: worker.prepare(job["contender"]), "setup failed", "its set-up"
        )
        self._setup_s = (worker.CLOCK() - start_ns) / 1e9

    def answer(self) -> "dict[str, Any]":
        """Makes the call several times; returns the event with its answers and its cost."""
        written = output_size("its set-up")
        expect = self._job["expect"]
        expected: tuple[Any, ...] = ()
        if expect is not None:
            expected = (self._evaluate(expect, "expect failed", f"--expect {expect}"),)
        for _ in range(REPEATS):
            self._take(written, expected)
        call_ns = self._estimate_ns() if self._job["estimate"] else None
        # Once more: some calls only turn wrong after many calls.
        self._take(written, expected)
        return {
            **self._judged(),
            "expected": describe(expected[0]) if expected else None,
            "plain": self._plain,
            "call_ns": call_ns,
            "setup_s": self._setup_s,
        }

    def _take(self, written: int, expected: "tuple[Any, ...]") -> None:
        """Makes the call once; compares the answer with what is expected, if anything is."""
        value = self._evaluate(self._call, "call failed", self._call)
        if output_size(self._call) != written:
            raise worker.ContenderError("garbage", f"{self._call} wrote to standard output")
        self._seen.append(describe(value))
        for wanted in expected:
            self._right.append(is_right(value, wanted))
            self._plain = self._plain and is_plain(value, wanted)

    def _judged(self) -> "dict[str, Any]":
        """Returns whether the answers are right and equal, and one: a wrong one if there is one."""
        right = None
        value = self._seen[0]
        if False in self._right:
            right, value = False, self._seen[self._right.index(False)]
        elif self._right and None not in self._right:
            right = True
        return {
            "event": "answers",
            "value": {
                **value,
                "changes": any(one["full"] != value["full"] for one in self._seen),
                "type_changes": any(one["type"] != value["type"] for one in self._seen),
            },
            "right": right,
        }

    def _estimate_ns(self) -> float:
        """Estimates roughly what a call costs, in ns."""

        def work() -> float:
            epoch = worker.compile_epoch(self._call, self._namespace, 1)
            worker.settle(epoch, self._job["settle_turns"])
            return worker.estimate_turn_ns(epoch)

        return self._guarded(work, "call failed", self._call)

    def _evaluate(self, source: str, kind: str, what: str) -> "Any":
        code = f"<{what}>"
        return self._guarded(
            lambda: eval(compile(source, code, "eval"), self._namespace), kind, what
        )

    def _guarded(self, work: "Callable[[], T]", kind: str, what: str) -> "T":
        """Runs code of the contender; raises ContenderError if it does anything but return."""
        forks = self._process.forks
        try:
            found = work()
        except worker.ContenderError:
            raise
        # SystemExit too: the caller must hear why there is no answer.
        except BaseException as error:
            raise worker.ContenderError(kind, f"{what} raised {worker.described(error)}") from error
        if self._process.forks != forks:
            raise worker.ContenderError("fork", f"{what} forked its process")
        return found


def main() -> None:
    """Runs the job that the command line names."""
    job, line = worker.begin_job()
    line.answer({"event": "ready", "interpreter": worker.interpreter_facts()})
    process = worker.guard.begin([job["contender"]])
    try:
        call = Call(job, process)
        line.answer({"event": "set up"})
        line.answer(call.answer())
    except worker.ContenderError as error:
        line.answer({"event": "error", "kind": error.kind, "message": str(error)})
    line.answer({"event": "done"})
