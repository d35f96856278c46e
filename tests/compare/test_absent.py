"""Which errors say that a side does not have a contender, and which that it is broken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from callcost.compare import absent
from callcost.compare.outcome import changed_versions
from callcost.model.contender import Contender
from callcost.paired.rows import BASE, HEAD, Cell, PairedRow, RowFailure

CELL = Cell("work", "tool")
SETUP = "from toy.sub import new\nimport other.part\nn = other.part.Thing().size"


def failure(message: str, kind: str = "setup failed", side: str = HEAD) -> RowFailure:
    return RowFailure(CELL, side, kind, f"its set-up raised {message}")


@pytest.mark.parametrize(
    "message",
    [
        "ModuleNotFoundError: No module named 'toy'",
        "ModuleNotFoundError: No module named 'toy.sub'",
        "ModuleNotFoundError: No module named 'other.part'; 'other' is not a package",
        "ImportError: cannot import name 'new' from 'toy.sub' (/somewhere/toy/sub.py)",
        "AttributeError: module 'other.part' has no attribute 'Thing'",
        "AttributeError: 'Thing' object has no attribute 'size'",
    ],
)
def test_a_name_missing_from_the_set_up_is_absent(message: str) -> None:
    assert absent.is_absent(failure(message), SETUP)


@pytest.mark.parametrize(
    "message",
    [
        "ModuleNotFoundError: No module named 'numpy'",
        "ModuleNotFoundError: No module named 'toy.sub.deeper'",
        "ImportError: cannot import name 'helper' from 'toy.helpers' (/somewhere/helpers.py)",
        "ImportError: libfoo.so.1: cannot open shared object file",
        "ImportError: cannot import name 'new' from partially initialized module 'toy.sub'",
        "AttributeError: module 'os' has no attribute 'nowhere'",
        "ZeroDivisionError: has no attribute 'Thing'",
    ],
)
def test_a_name_missing_inside_a_module_is_a_failure(message: str) -> None:
    assert not absent.is_absent(failure(message), SETUP)


def test_only_errors_of_the_set_up_mean_absent() -> None:
    gone = "ModuleNotFoundError: No module named 'toy'"
    assert not absent.is_absent(failure(gone, kind="call failed"), SETUP)
    assert not absent.is_absent(failure(gone), "this is no Python")


def test_absences_and_failures_are_separated() -> None:
    call = Contender("call", SETUP, "new()")
    gone = "ModuleNotFoundError: No module named 'toy'"
    both = [failure(gone, side=BASE), failure(gone, side=HEAD)]
    rows = [PairedRow(CELL, call, call)]
    found = absent.sort_out(both, rows)
    assert list(found.nowhere) == [CELL]
    assert not found.only_on(BASE) and not found.only_on(HEAD) and not found.failures
    added = absent.sort_out(both[:1], rows)
    assert list(added.only_on(HEAD)) == [CELL] and not added.only_on(BASE) and not added.nowhere
    wrong = failure("ZeroDivisionError", side=HEAD)
    mixed = absent.sort_out([both[0], wrong], rows)
    assert mixed.failures == [wrong] and list(mixed.only_on(HEAD)) == [CELL]


def test_a_package_that_writes_its_name_in_another_way_has_not_changed() -> None:
    sides = ({"Tool.Box": "1", "a_b": "1"}, {"tool-box": "1", "A-B": "2"})
    base, head = (SimpleNamespace(versions=versions) for versions in sides)
    outcome: Any = SimpleNamespace(base=base, head=head)
    assert changed_versions(outcome) == {"a-b": ("1", "2")}
