"""What the tests of the site share: records that are cut down, and the site made from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec import convert

from callcost.benchmarks.publish.publishing import REFERENCE
from callcost.benchmarks.site.command import report
from callcost.estimate import record
from callcost.estimate.epochs import unpack
from callcost.estimate.layouts import PackedEpochs
from callcost.history.rows import StoredRow
from callcost.history.runs import read as read_run_file
from callcost.history.store import Store

SECTION = "callcost"
CHANGING = ("median_ns", "mean_ns", "cost_ns", "cost_low_ns", "cost_high_ns", "ratio")
# Enough of everything: a twin, a floor, two size series, the sweep, another interpreter, each kind.
WORKLOADS = (
    "get_pi",
    "fibonacci",
    "add_two",
    "add_four",
    "add_eight",
    "callback_1",
    "callback_100",
)
MECHANISMS = (
    "boost_python", "cffi_abi", "cffi_api", "cpython_fastcall", "cpython_limited", "ctypes_cdll",
    "cython_def", "cython_limited", "cython_native", "hpy_universal", "nanobind_module",
    "numba_njit", "pybind11_module", "pyo3_module", "python_reference", "swig_proxy",
)  # fmt: skip

Record = dict[str, Any]


def reference() -> Record:
    """Reads the reference run, with its epochs as numbers."""
    document = record.Record.load(REFERENCE).document
    controls = [row for facts in document[SECTION]["groups"].values() for row in facts["controls"]]
    for facts in [*rows_of(document), *controls]:
        for name in facts.keys() & {"epoch_ns", "empty_ns"}:
            processes = unpack(convert(facts[name], PackedEpochs))
            facts[name] = [" ".join(map(str, epochs.tolist())) for epochs in processes]
    return document


def cut(
    document: Record, workloads: Iterable[str], mechanisms: Iterable[str], *, sweep: bool = True
) -> Record:
    """Cuts a record down to some workloads through some mechanisms, perhaps without the sweep."""
    wanted, members = set(workloads), set(mechanisms)
    groups = {
        name: facts
        for name, facts in document[SECTION]["groups"].items()
        if name.partition(" @ ")[0] in wanted or (sweep and name.startswith("break-even"))
    }

    def is_wanted(facts: Record) -> bool:
        group = groups.get(facts["group"])
        # Without the twin's original there is no control.
        twin = group and group["contenders"][group["twin_of"]]
        return bool(group) and (facts["name"] in members | {twin} or facts["floor"])

    document["benchmarks"] = [
        row for row in document["benchmarks"] if is_wanted(row["extra_info"][SECTION])
    ]
    document[SECTION]["groups"] = groups
    return document


def small_record() -> Record:
    """Returns a record that is quick to report on."""
    return cut(reference(), WORKLOADS, MECHANISMS)


def write(path: Path, document: Any) -> Path:
    """Writes a record and returns its place."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def run_report(*arguments: str | Path) -> Result:
    """Runs the command in this process."""
    return CliRunner().invoke(report, list(map(str, arguments)))


def rows_of(document: Record) -> list[Record]:
    """Lists what a record says of each of its rows."""
    return [row["extra_info"][SECTION] for row in document["benchmarks"]]


def renamed(document: Record, change: Callable[[str], str]) -> Record:
    """Gives the mechanisms and workloads of a record other names, wherever they are."""
    section = document[SECTION]
    section["groups"] = {change(name): facts for name, facts in section["groups"].items()}
    for facts in section["groups"].values():
        facts["contenders"] = list(map(change, facts["contenders"]))
        facts["floors"] = list(map(change, facts["floors"]))
    for facts in rows_of(document):
        facts["group"], facts["name"] = change(facts["group"]), change(facts["name"])
    for row in document["benchmarks"]:
        row["group"] = change(row["group"])
    return document


def page(folder: Path, address: str) -> str:
    """Reads a page of a site."""
    return (folder / address).read_text(encoding="utf-8")


def succeeded(result: Result) -> None:
    """Fails with what the command has printed."""
    if result.exit_code:
        pytest.fail(result.output, pytrace=False)


def history_with_a_change(folder: Path, record: Path) -> Path:
    """Makes a history of a record's runs; in the middle, one row becomes slower."""
    store = Store(folder)
    run = read_run_file(record)
    for number in range(16):
        rows = tuple(
            replace(row, **{name: getattr(row, name) * factor for name in CHANGING})
            for row in run.rows
            for factor in [_factor(row, number)]
        )
        day = run.time + timedelta(days=number)
        store.add(replace(run, digest=f"{number:020}", time=day, commit=f"{number:040}", rows=rows))
    return folder


def _factor(row: StoredRow, number: int) -> float:
    wobble = 1 + 0.0004 * ((number * 7) % 5 - 2)
    changed = row.contender == "pybind11_module" and row.group == "fibonacci" and number >= 9
    return wobble * (1.25 if changed else 1)
