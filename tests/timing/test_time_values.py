"""`callcost time` compares returned values, and its sides cannot affect each other."""

from __future__ import annotations

import ctypes
import decimal
import enum
import json
import re
import subprocess
import sys
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest
from command_line import callcost
from timings import NOBODY, SAME_VALUE, SHORT, made_up, said_of

from callcost.errors import CallcostError
from callcost.model.expression import Asked, ExpressionError, read
from callcost.model.group import Environment
from callcost.revisions.python_option import interpreter_at
from callcost.timing import look
from callcost.timing.flow import NAMES, time_expressions
from callcost.timing.labels import labels
from callcost.timing.look import Value, compare, look_at
from callcost.worker import answers

RIVALRY = re.compile(r"slower|faster|times as long|ratio \d")


def value(thing: object) -> Value:
    described = answers.describe(thing)
    return Value(**{**described, "opaque": tuple(described["opaque"])})


def itself(cycle: list[Any]) -> list[Any]:
    cycle.append(cycle)
    return cycle


class _Point(ctypes.Structure):
    _fields_ = (("tag", ctypes.c_char), ("x", ctypes.c_double))


class _Pointer(ctypes.Structure):
    _fields_ = (("to", ctypes.POINTER(ctypes.c_int)),)


class _Colour(enum.Enum):
    RED = 1
    BLUE = 2


class _Loud:
    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError

    def __repr__(self) -> str:
        raise ZeroDivisionError

    __hash__ = None  # type: ignore[assignment]


class _Plain:
    def __init__(self, content: object) -> None:
        self.content = content


class _Equal(_Plain):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Equal) and self.content == other.content

    __hash__ = None  # type: ignore[assignment]


@dataclass
class _Holder:
    content: object
    note: int = field(default=0, compare=False)


@dataclass
class _Pair:
    one: object
    two: object


class _Length(float):
    unit: str

    def __new__(cls, number: float, unit: str) -> Self:
        made = super().__new__(cls, number)
        made.unit = unit
        return made


class _Labelled(list[int]):
    __slots__ = ("label",)

    def __init__(self, numbers: list[int], label: str) -> None:
        super().__init__(numbers)
        self.label = label


NAN = float("nan")
SAME: list[Callable[[], object]] = [
    lambda: None,
    lambda: 3,
    lambda: 10**5000,
    lambda: -0.0,
    lambda: complex(NAN, 1),
    lambda: "a\ud800",
    lambda: bytearray(b"x"),
    lambda: [1, (2.0, NAN), {"a": {3}, "b": frozenset({"x", "y"})}],
    lambda: deque([1]),
    lambda: np.arange(5),
    lambda: np.array([1.0, NAN]),
    lambda: np.array([1 + 2j]),
    lambda: np.array(["a", {1: 2}], dtype=object),
    lambda: np.float64(2.5),
    lambda: np.float16(2.5),
    lambda: np.datetime64("2020-01-01"),
    lambda: np.zeros((2, 3))[:, ::2],
    lambda: array("d", [1.5, NAN]),
    lambda: memoryview(b"ab"),
    lambda: _Point(b"a", 2.5),
    lambda: ctypes.c_int(3),
    lambda: (ctypes.c_double * 2)(1, 2),
    lambda: decimal.Decimal("1.10"),
    lambda: Fraction(1, 3),
    lambda: range(3),
    lambda: int,
    lambda: _Colour.RED,
    lambda: Path("a/b"),
    lambda: re.compile("a+"),
    lambda: _Equal([1, 2]),
    lambda: {"b": 1, "a": 2},
    lambda: [float(str(n)) for n in range(2000)] + [NAN, -NAN],
    lambda: [str(n) for n in range(2000)],
    lambda: [10**5000] * 2000,
    lambda: _Length(2, "m"),
    lambda: _Labelled([1], "a"),
    lambda: np.ma.array([1, 2], mask=[False, True]),
    lambda: _Pair(1, [2]),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SAME)))
def test_the_same_value_made_twice_is_the_same(number: int) -> None:
    assert compare(value(SAME[number]()), value(SAME[number]())) == ("same", "")


IN_ANOTHER_ORDER: list[tuple[object, object]] = [
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (frozenset([8, 0]), frozenset([0, 8])),
    (SimpleNamespace(a=1, b=2), SimpleNamespace(b=2, a=1)),
    (MappingProxyType({"a": 1, "b": 2}), MappingProxyType({"b": 2, "a": 1})),
    (UserDict({"a": 1, "b": 2}), UserDict({"b": 2, "a": 1})),
    (ChainMap({"a": 1, "b": 2}), ChainMap({"b": 2, "a": 1})),
    (_Pair({8, 0}, SimpleNamespace(a=1, b=2)), _Pair({0, 8}, SimpleNamespace(b=2, a=1))),
    (range(0, 3, 2), range(0, 4, 2)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(IN_ANOTHER_ORDER)))
def test_equal_values_with_another_repr_are_the_same(number: int) -> None:
    one, other = IN_ANOTHER_ORDER[number]
    assert one == other and compare(value(one), value(other)) == ("same", "")
    assert answers.is_right(one, other) is True


def test_what_a_dataclass_does_not_compare_makes_no_difference() -> None:
    one, other = _Holder(1, note=2), _Holder(1, note=3)
    assert compare(value(one), value(other))[0] == "unknown"
    assert answers.is_right(one, other) is True and answers.is_right(one, _Holder(2)) is False


DIFFERENT: list[tuple[object, object]] = [
    (3, 3.0),
    (1, True),
    (0, False),
    (0.0, -0.0),
    (2.5, np.float64(2.5)),
    (np.float64(2.5), np.float32(2.5)),
    (np.arange(3, dtype="i4"), np.arange(3, dtype="i8")),
    (np.arange(6), np.arange(6).reshape(2, 3)),
    (np.array([1.0, 2]), np.array([1.0, 3])),
    (np.array([1.0, NAN]), np.array([1.0, 2])),
    ([1, 2], (1, 2)),
    ([1, [True]], [1, [1]]),
    ([[]], [[], []]),
    (["ab", "c"], ["a", "bc"]),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, OrderedDict(a=1)),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    (b"a", "a"),
    (b"a", bytearray(b"a")),
    (None, 0),
    ("x" * 1000 + "a", "x" * 1000 + "b"),
    (10**5000, 10**5000 + 1),
    (_Point(b"a", 2.5), _Point(b"a", 3.5)),
    (ctypes.c_int(3), ctypes.c_int(4)),
    (decimal.Decimal("1.1"), decimal.Decimal("1.2")),
    (_Colour.RED, _Colour.BLUE),
    ([object(), 1], [object(), 2]),
    (_Plain(1), _Equal(1)),
    (int, float),
    (Counter("a"), Counter("b")),
    (len, abs),
    (list(range(2000)), [*range(1999), True]),
    ([1.0] * 2000, [*[1.0] * 1999, NAN]),
    ([0.0] * 2000, [*[0.0] * 1999, -0.0]),
    (_Pair(1, 2), _Pair(2, 1)),
    (_Length(2, "m"), _Length(3, "m")),
    (np.ma.array([1, 2], mask=[False, True]), np.ma.array([1, 2], mask=[True, False])),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DIFFERENT)))
def test_another_value_or_type_is_different(number: int) -> None:
    one, other = DIFFERENT[number]
    assert compare(value(one), value(other))[0] == "different"


UNKNOWN: list[tuple[object, object, str]] = [
    (object(), object(), "object equals only itself"),
    (_Plain(1), _Plain(2), "test_time_values._Plain equals only itself"),
    ((n for n in "a"), (n for n in "b"), "generator equals only itself"),
    (itself([]), itself([]), "nested too deeply"),
    ([[]] * 60_000, [[]] * 60_000, "too large"),
    (np.zeros(1 << 23), np.ones(1 << 23), "too large"),
    (_Pointer(), _Pointer(), "addresses"),
    (_Loud(), _Loud(), "raised ZeroDivisionError"),
    (_Equal(1), _Equal(2), "may have equal values that are stored differently"),
    (_Length(2, "m"), _Length(2, "s"), "may have equal values that are stored differently"),
    (_Labelled([1], "a"), _Labelled([1], "b"), "may have equal values that are stored differently"),
    (np.ma.array([1, 2], mask=[False, True]), np.ma.array([1, 9], mask=[False, True]), "stored"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(UNKNOWN)))
def test_incomparable_values_are_not_different(number: int) -> None:
    one, other, why = UNKNOWN[number]
    verdict, reason = compare(value(one), value(other))
    assert verdict == "unknown" and why in reason


@pytest.mark.parametrize(
    ("got", "expected", "right"),
    [
        (3, 3, True),
        (3, 3.0, False),
        (NAN, NAN, True),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), np.arange(4), False),
        (_Plain(1), _Plain(1), None),
        (int, int, True),
        (_Equal(1), _Equal(1), True),
        (_Equal(1), _Equal(2), False),
        (_Loud(), _Loud(), None),
    ],
)  # fmt: skip
def test_a_value_is_right_wrong_or_unknown(
    got: object, expected: object, right: bool | None
) -> None:
    assert answers.is_right(got, expected) is right
    assert answers.is_plain(got, expected) is (right is True and not isinstance(got, np.ndarray))


def test_a_value_is_shown_short_and_on_one_line() -> None:
    for thing in ("x" * 10**6, list(range(10**5)), 10**6000, _Loud(), "\x1b[31m\n\a", b"\x00" * 999,
                  dict.fromkeys(range(99), "y" * 99)):  # fmt: skip
        text = answers.show(thing)
        assert len(text) < 150 and text.isprintable()


COUNTER = "import itertools\nnumbers = itertools.count()"
LATER = f"{COUNTER}\ndef f():\n    return 1 if next(numbers) < 3 else 2"
CHANGING = [
    Asked("time.time()", "import time"),
    Asked("next(numbers)", COUNTER),
    Asked("f()", LATER),
    # These differ from process to process.
    Asked("list({'a', 'b', 'c', 'd', 'e'})"),
    Asked("os.getpid()", "import os"),
    Asked("f()", f"{COUNTER}\ndef f():\n    return (1, 1.0)[next(numbers) % 2]"),
    # Here each call returns a new object, or the same growing one.
    Asked("[0]"),
    Asked("numbers.append(0) or numbers", "numbers = []"),
]  # fmt: skip


def test_a_changing_value_is_not_a_difference() -> None:
    looks = look_at([read(asked, "it") for asked in CHANGING], None, 20.0)
    changing = [seen.value.changes for seen in looks]
    assert changing == [True, True, True, True, True, True, False, True]
    assert [seen.value.type_changes for seen in looks] == [False] * 5 + [True] + [False] * 2
    steady = value(1.0)
    assert compare(looks[0].value, steady)[0] == "unknown"
    assert compare(looks[5].value, steady)[0] == "unknown"
    # But a clock does not return an int once and a float the next time.
    assert compare(looks[0].value, looks[1].value)[0] == "different"


def test_different_values_are_named_without_a_winner() -> None:
    outcome = made_up(50, 25, values=(value(3), value(3.0)))
    first, *_ = said_of(outcome).splitlines()
    assert "f(n) returned 3 (int), but g(n) returned 3.0 (float)" in first
    assert not RIVALRY.search(said_of(outcome))
    found = outcome.as_json()
    assert (found["values"], found["verdict"], found["ratio"]) == (
        "different", "different values", None
    )  # fmt: skip
    assert not RIVALRY.search(json.dumps(found))


def test_values_that_differ_where_cut_say_so() -> None:
    outcome = made_up(
        50, 25, values=(value("x" * 999 + "a" * 60), value("x" * 999 + "b" + "a" * 59))
    )
    assert "They differ where the texts are cut" in said_of(outcome)


def test_incomparable_values_are_reported() -> None:
    outcome = made_up(50, 25, values=(value(object()), value(object())))
    assert outcome.verdict == "slower"
    assert "Cannot tell whether both return the same: object equals only itself" in said_of(outcome)


ONE_SETUP = ("import os, sys, gc, builtins\nsys.path.insert(0, {folder!r})\nimport mine\n"
             "os.environ['MINE'] = '1'; os.chdir('/'); gc.disable(); gc.freeze()\n"
             "sys.setswitchinterval(0.5); builtins.mine = 1; here = {log!r}\n"
             "open(here, 'a').write(f'{name} {{os.getpid()}}\\n')")  # fmt: skip
OTHER_SETUP = ("import os, sys, gc, builtins\nbefore = 'mine' in sys.modules or "
               "hasattr(builtins, 'mine') or 'MINE' in os.environ or os.getcwd() == '/' or "
               "gc.get_freeze_count() or sys.getswitchinterval() > 0.1\n"
               "assert not before, 'the other side was here'\n")  # fmt: skip


def test_the_sides_never_share_a_process(tmp_path: Path) -> None:
    """A module of the same name, patches, the environment and the folder stay on one side."""
    log = tmp_path / "log"
    set_ups = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mine.py").write_text(
            f"def f():\n    assert {name!r} in __file__\n    return 1\n"
        )
        set_ups.append(OTHER_SETUP + ONE_SETUP.format(folder=str(folder), log=str(log), name=name))
    found = time_expressions([Asked("mine.f()", setup) for setup in set_ups], NOBODY, limit=SHORT)
    assert found.values == ("same", "")
    processes: dict[str, set[str]] = {}
    for line in log.read_text().splitlines():
        name, process = line.split()
        processes.setdefault(name, set()).add(process)
    assert len(processes["first"]) == len(processes["second"]) == 2 + 2 * 3
    assert not processes["first"] & processes["second"]


def test_a_calls_side_effects_stay_on_its_side() -> None:
    """Both sides have the same set-up; only one call changes its state."""
    setup = "import functools\n@functools.cache\ndef f(n): return None\ncalls = f.cache_info"
    empties = Asked("f.cache_clear()", setup)
    keeps = Asked("None if calls().misses == 0 else 1 / 0", setup)
    found = time_expressions([empties, keeps], NOBODY, limit=SHORT)
    assert found.values == ("same", "")


FAILURES = [
    ("1 / 0", "", "call failed: 1 / 0 raised ZeroDivisionError"),
    ("n", "n = missing", "setup failed: its set-up raised NameError"),
    ("n", "import not_there", "setup failed: its set-up raised ModuleNotFoundError"),
    ("sys.exit(3)", "import sys", "call failed: sys.exit(3) raised SystemExit: 3"),
    ("n", "import sys; sys.exit('bye')", "setup failed: its set-up raised SystemExit: bye"),
    ("os._exit(0)", "import os", "crash: its worker ended with exit code 0"),
    ("f()", "def f(): raise KeyboardInterrupt", "call failed: f() raised KeyboardInterrupt"),
    ("next(n)", "n = iter([1, 2])", "call failed: next(n) raised StopIteration"),
    ("f()", f"{COUNTER}\ndef f(): return 1 / (next(numbers) < 9)", "raised ZeroDivisionError"),
    ("bytes(1 << 62)", "", "raised MemoryError"),
    ("f()", "def f(): return f()", "raised RecursionError"),
    ("print('x')", "", "garbage: print('x') wrote to standard output"),
    ("os.write(1, b'x')", "import os", "wrote to standard output"),
    ("os.close(1)", "import os", "closed: os.close(1) closed standard output"),
    ("sys.stdout.close()", "import sys", "closed standard output"),
    ("os.closerange(3, 300)", "import os", "Bad file descriptor"),
    ("os.fork()", "import os", "forked its process"),
    ("os.kill(os.getpid(), 9)", "import os", "SIGKILL. The system kills a process"),
    ("os.kill(os.getpid(), 11)", "import os", "Declare argtypes and restype"),
    ("ctypes.string_at(8)", "import ctypes", "A callback crashes when C calls it after"),
    ("os.abort()", "import os", "crash: its worker died of SIGABRT"),
    ("n", "import ctypes; ctypes.string_at(8)", "the set-up of the expression: crash"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "setup", "said"), FAILURES)
def test_a_failing_call_is_not_wrong_usage(call: str, setup: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        look_at([read(Asked(call, setup), NAMES[0])], None, 20.0)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "setup",
    ["import sys; sys.stdout = None", "import sys, io; sys.stdout = io.StringIO(); print('x')",
     "import os; os.close(2)", "import os; os.close(0)"],
)  # fmt: skip
def test_a_set_up_may_change_the_streams(setup: str) -> None:
    (seen,) = look_at([read(Asked("abs(n)", f"n = -3\n{setup}"), "it")], None, 20.0)
    assert seen.value.text == "3" and seen.call_ns is not None


def test_a_hanging_call_is_named_with_its_place() -> None:
    sleeping = "import time; time.sleep(60)"
    with pytest.raises(ExpressionError, match=r"set-up of the expression: hang: .*within 1 s"):
        look_at([read(Asked("abs(-1)", sleeping), NAMES[0])], None, 1.0)


def test_expect_only_times_the_right_side(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    # ctypes assumes that an undeclared function returns an int.
    untyped = "import ctypes; get = ctypes.CDLL(None).atof; text = b'3.5'"
    done = callcost("time", "get(text)", "-s", untyped, "--vs", "float(text)", "--expect", "3.5",
                    "--processes", "10", "--seconds", "1", "--json", str(path))  # fmt: skip
    assert done.returncode == 2
    first, *_ = done.stdout.splitlines()
    assert re.fullmatch(r"WRONG: get\(text\) returned -?\d+ \(int\), expected 3\.5 \(float\)\. .*",
                        first)  # fmt: skip
    assert not RIVALRY.search(done.stdout) and "usage" not in done.stderr.lower()
    found = json.loads(path.read_text())
    assert [one["right"] for one in found["expressions"]] == [False, True]
    assert ["cost_ns" in one for one in found["expressions"]] == [False, True]
    assert (found["ratio"], found["verdict"]) == (None, "wrong value")


def test_different_values_are_reported_first_and_exit_with_2() -> None:
    untyped = "import ctypes; get = ctypes.CDLL(None).atof; text = b'3.5'"
    typed = f"{untyped}; get.restype = ctypes.c_double"
    done = callcost("time", "get(text)", "-s", untyped, "--vs", "get(text)", "--vs-setup", typed,
                    "--processes", "10", "--seconds", "1")  # fmt: skip
    assert done.returncode == 2
    first, *_ = done.stdout.splitlines()
    assert first.startswith("DIFFERENT VALUES: get(text)")
    assert " (int)" in first and "3.5 (float)" in first and "get.restype = ctypes" in first
    assert not RIVALRY.search(done.stdout)


@pytest.mark.parametrize(
    ("expect", "said"),
    [("1 +", "the expression of --expect has a syntax error"),
     ("missing", "expect failed: --expect missing raised NameError")],
)  # fmt: skip
def test_the_expected_value_must_be_an_expression(expect: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        time_expressions([Asked("abs(-1)")], NOBODY, expect=expect)


def test_a_folded_side_is_compared_by_value_too() -> None:
    found = time_expressions([Asked("2 + 2"), Asked("2.0 + 2.0")], NOBODY)
    assert found.verdict == "different values" and found.measured is None


def test_a_crash_shows_no_usage() -> None:
    done = callcost("time", "ctypes.string_at(8)", "-s", "import ctypes")
    assert done.returncode == 2
    assert "usage" not in done.stderr.lower() and "Try 'callcost" not in done.stderr
    assert "died of SIGSEGV" in done.stderr and "argtypes" in done.stderr


SAME_CALL = [
    (("from plain import f", "from fast import f"),
     ("f(n) after `from plain import f`", "f(n) after `from fast import f`")),
    (("n = 1\nfrom plain import f", "n = 1\nfrom fast import f"),
     ("f(n) after `from plain import f`", "f(n) after `from fast import f`")),
    (("n = 1", "n = 1\nimport gc; gc.disable()"),
     ("f(n)", "f(n) after `import gc; gc.disable()`")),
    (("import gc; a = 1; n = 1", "import gc; a = 2; n = 1"),
     ("f(n) after `a = 1`", "f(n) after `a = 2`")),
    (("a = 1\nb = a", "b = 1\na = b"), None),
    (("x = 1\n" * 60, "x = 1\n" * 61), ("f(n)", "f(n) after `x = 1`")),
    (("n = " + "1 + " * 60 + "1", "n = " + "1 + " * 60 + "2"),
     ("f(n) with the first set-up", "f(n) with the second set-up")),
]  # fmt: skip


@pytest.mark.parametrize(("set_ups", "expected"), SAME_CALL)
def test_set_ups_distinguish_equal_calls(
    set_ups: tuple[str, str], expected: tuple[str, str] | None
) -> None:
    asked = (Asked("f(n)", set_ups[0]), Asked("f( n )", set_ups[1]))
    outcome = made_up(50, 25, asked=asked)
    first, second = labels(outcome.sides)
    assert first != second and (expected is None or (first, second) == expected)
    assert f"{first} is slower than {second}" in said_of(outcome)


def test_a_set_up_may_be_for_another_version_of_python() -> None:
    newer = Environment("cpython3.99", "python3.99", {"python_version": "3.99.0"})
    asked = [Asked("f(n)", f"{setup}\nmatchless n:", newer) for setup in ("n = 1", "n = 2")]
    outcome = made_up(50, 25, asked=(asked[0], asked[1]))
    assert labels(outcome.sides) == ("f(n) after `n = 1`", "f(n) after `n = 2`")
    with pytest.raises(ExpressionError, match="syntax error at line 2"):
        read(Asked("f(n)", asked[0].setup), "it")


def test_long_calls_with_the_same_beginning_are_distinguished() -> None:
    asked = tuple(Asked("f(" + "n, " * 60 + end) for end in ("1)", "2)"))
    first, second = labels(made_up(50, 25, asked=(asked[0], asked[1])).sides)
    assert first != second and len(first) < 120


@pytest.mark.parametrize("setup", ["n = 1", "n  =  1  # one", "n = 1\n\n"])
def test_equal_sides_are_reported_as_measured_twice(setup: str) -> None:
    asked = (Asked("f(n)", "n = 1"), Asked("f( n)", setup))
    outcome = made_up(50, 40, asked=asked)
    assert outcome.verdict == "same code"
    assert "Both sides are the same: f(n)" in said_of(outcome)
    assert not re.search("slower|faster", said_of(outcome))


def test_an_interpreter_can_be_given_by_version_name_or_path(tmp_path: Path) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    link = tmp_path / "my python"
    link.symlink_to(sys.executable)
    for wanted in (version, f"python{version}", sys.executable, str(link)):
        found = interpreter_at(wanted)
        assert found is not None and found.facts["python_version"].startswith(f"{version}.")


def test_a_script_without_an_interpreter_is_not_one(tmp_path: Path) -> None:
    """Like pyenv's scripts, it works where it is searched for, but not where it is run."""
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\ncase "$1" in *worker.py) exit 127;; esac\nexec {sys.executable} "$@"\n'
    )
    script.chmod(0o755)
    found = interpreter_at(str(script))
    assert found is not None and found.python != str(script)


def test_a_virtual_environment_keeps_its_modules(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/*/site-packages")
    (site / "only_there.py").write_text("value = 7\n")
    environment = interpreter_at(str(folder / "bin" / "python"))
    asked = Asked("only_there.value", "import only_there", environment)
    (seen,) = look_at([read(asked, "it")], None, 20.0)
    assert seen.value.text == "7"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("no-such-python", "--python: Cannot find the interpreter no-such-python"),
     ("/no/such/python", "--python: Cannot find the interpreter /no/such/python"),
     ("", "--python is empty"),
     ("/bin/echo", "--python: /bin/echo is not an interpreter")],
)  # fmt: skip
def test_a_missing_interpreter_is_named(
    wanted: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "/" not in wanted:
        # Asking every interpreter of this machine is slow.
        for name, found in (("iter_interpreters", ()), ("get_interpreter", None)):
            patched = partial(lambda found, *_, **__: found, found)
            monkeypatch.setattr(f"callcost.revisions.interpreter.{name}", patched)
    with pytest.raises(CallcostError, match=said):
        interpreter_at(wanted)


def test_only_crashes_of_c_get_hints() -> None:
    assert "argtypes" in str(look.failed("it", "crash", "its worker died of SIGBUS"))
    assert "argtypes" not in str(look.failed("it", "crash", "its worker ended with exit code 3"))
    assert SAME_VALUE.text in str(SAME_VALUE)
