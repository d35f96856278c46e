"""A record is read back whole, and an error names a file that is not a record."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_suites
from small_suites import Measured

from callcost.console.files import write_atomically, write_new
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record
from callcost.estimate.trust import trust
from callcost.model.run import Failure


@pytest.fixture
def record(measured: Measured, tmp_path: Path) -> Path:
    """A copy of a run's record, which the test may change."""
    return Path(shutil.copy(measured.record, tmp_path))


def test_estimates_made_from_a_record_equal_those_in_it(record: Path) -> None:
    document, run = Record.load(record).document, Record.load(record).run
    for row in document["benchmarks"]:
        facts = row["extra_info"]["callcost"]
        estimate = GroupEstimate(run.groups[facts["group"]])
        index = estimate.names.index(facts["name"])
        assert estimate.net_ns(index).as_list() == facts["net_ns"]
        assert estimate.ratio(index, estimate.fastest).as_list() == facts["ratio_to_fastest"]
    assert set(run.groups) == {"absolute", "length"}
    assert run.groups["absolute"].plan.calls > 100


def test_a_record_has_the_raw_epochs_of_every_process(record: Path) -> None:
    run = Record.load(record).run
    for times in run.groups.values():
        assert len(times.processes) == 10
        assert {epochs.shape for epochs in times.processes} == {
            (len(times.contenders), times.plan.passes)
        }


def test_failures_are_read_back(record: Path) -> None:
    document = json.loads(record.read_text())
    failed = {"group": "absolute", "contender": "lost", "kind": "crash", "message": "SIGSEGV"}
    document["callcost"]["failures"] = [failed]
    found = Record(record, document)
    assert found.run.failures == {("absolute", "lost"): Failure(**failed)}
    assert "FAILED absolute: lost: crash: SIGSEGV" in trust(found.run, found.estimates)


def test_a_record_names_no_path_and_no_host(measured: Measured) -> None:
    text = measured.record.read_text()
    assert str(Path.home()) not in text
    assert "/site-packages" not in text and str(measured.folder) not in text


def test_an_error_names_the_damaged_record_and_field(record: Path) -> None:
    document = json.loads(record.read_text())
    del document["benchmarks"][0]["extra_info"]["callcost"]["epoch_ns"]
    record.write_text(json.dumps(document))
    with pytest.raises(RecordError, match=rf"{record.name} is damaged: .* lacks epoch_ns"):
        _ = Record.load(record).run


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (0, 2, 1)])
def test_swapped_controls_are_damage(record: Path, order: tuple[int, ...]) -> None:
    document = json.loads(record.read_text())
    (name, group), *_ = document["callcost"]["groups"].items()
    group["controls"] = [group["controls"][place] for place in order]
    with pytest.raises(RecordError, match=rf"groups\.{name}\.controls: they do not begin with"):
        _ = Record(record, document).run


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ('{"benchmarks": [', "is not JSON"),
        ("[]", "is not a record of callcost"),
        ('{"benchmarks": []}', "is not a record of callcost"),
        ('{"callcost": {"version": 99, "groups": {}}}', "has record version 99; .* reads up to 2$"),
        ('{"callcost": {"version": "1", "groups": {}}}', "has record version '1'; "),
        ('{"callcost": {"version": 1.0, "groups": {}}}', r"has record version 1\.0; "),
        ('{"callcost": {"version": true, "groups": {}}}', "has record version True; "),
        ('{"callcost": {"groups": {}}}', "has record version None; "),
    ],
)
def test_an_error_names_a_file_that_is_not_a_record(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "some.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=rf"some\.json {said}"):
        Record.load(path)


def test_an_error_names_a_missing_record(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none\.json cannot be read: it does not exist"):
        Record.load(tmp_path / "none.json")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(OSError, match="no"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_new_file_replaces_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    assert [write_new(path, text).name for text in "abc"] == [
        "run.json", "run-2.json", "run-3.json"
    ]  # fmt: skip
    assert [file.read_text() for file in sorted(tmp_path.iterdir())] == ["b", "c", "a"]
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(OSError, match="no space"):
        write_new(path, "d")
    assert len(list(tmp_path.iterdir())) == 3


def _full(path: Path, target: Path) -> None:
    raise OSError("no space")


def test_preempted_epochs_keep_their_sign(record: Path) -> None:
    document = json.loads(record.read_text())
    facts = document["benchmarks"][0]["extra_info"]["callcost"]
    first, *rest = facts["epoch_ns"][0].split()
    facts["epoch_ns"][0] = " ".join([f"-{first.lstrip('-')}", *rest])
    record.write_text(json.dumps(document))
    times = Record.load(record).run.groups[facts["group"]]
    row = [contender.name for contender in times.contenders].index(facts["name"])
    assert times.processes[0][row, 0] < 0
    assert np.abs(times.processes[0][row, 0]) == int(first.lstrip("-"))


def test_floors_are_read_back(toy: Any, tmp_path: Path, program: Any) -> None:
    toy["absolute"]["floor"] = program()
    path = small_suites.measured(tmp_path, toy).record
    run = Record.load(path).run
    times = run.groups["absolute"]
    (floor,) = times.group.floors
    assert (floor.name, floor.program[1]) == ("floor", "-c")
    assert "/" not in floor.program[0], "a record contains no local paths"
    assert floor.own_loops is not None
    assert {epochs.shape for epochs in times.processes} == {
        (len(times.contenders) + 1, times.plan.passes)
    }
    (facts,) = (
        row["extra_info"]["callcost"]
        for row in Record.load(path).document["benchmarks"]
        if row["name"] == "test_toy[absolute-floor]"
    )
    estimate = GroupEstimate(times)
    (row,) = estimate.floors
    assert estimate.net_ns(row).as_list() == facts["net_ns"]
    assert estimate.gross_ns(row).as_list() == facts["gross_ns"]
    assert estimate.ratio(row, estimate.fastest).as_list() == facts["ratio_to_fastest"]
    assert (facts["floor"], facts["rank"]) == (True, None)
    assert run.groups["length"].group.floors == ()


def test_a_record_from_before_floors_is_read(record: Path) -> None:
    document = json.loads(record.read_text())
    for group in document["callcost"]["groups"].values():
        del group["floors"]
        for control in group["controls"]:
            del control["program"]
    for row in document["benchmarks"]:
        for younger in ("floor", "program"):
            del row["extra_info"]["callcost"][younger]
    whole = Record.load(record).run
    record.write_text(json.dumps(document))
    for name, times in Record.load(record).run.groups.items():
        assert times.group == whole.groups[name].group


def test_a_record_from_before_injected_delays_is_read(record: Path) -> None:
    document = json.loads(record.read_text())
    section = document["callcost"]
    assert section["version"] == 2
    del section["delays"], section["delays_missing"]
    for version in (1, 0):
        section["version"] = version
        record.write_text(json.dumps(document))
        run = Record.load(record).run
        assert set(run.groups) == {"absolute", "length"}
        assert (run.delays, run.delays_missing) == (None, None)


def test_the_layout_of_each_process_is_read_back(record: Path) -> None:
    document = json.loads(record.read_text())
    (group,) = list(document["callcost"]["groups"].values())[:1]
    name = next(iter(document["callcost"]["groups"]))
    processes = len(document["benchmarks"][0]["extra_info"]["callcost"]["epoch_ns"])
    group["layouts"] = [1 + n % 8 for n in range(processes)]
    times = Record(record, document).run.groups[name]
    assert times.layouts == group["layouts"]
    group["layouts"] = [1]
    with pytest.raises(RecordError, match=r"layouts: it does not have one for each process"):
        _ = Record(record, document).run
    # Records from before there were layouts.
    del group["layouts"]
    assert Record(record, document).run.groups[name].layouts == []
