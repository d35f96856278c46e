"""In foreign files, changes of one row are distinguished from changes of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import made_records
import numpy as np
import pytest

from callcost.history import points
from callcost.history.runs import read, without_ratio
from callcost.history.store import Series, Store
from callcost.model.patterns import UnknownNameError

Run = Mapping[str, float]
RUNS, STEP = 12, 7
FOUR = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
finds_changes = pytest.mark.skipif(bool(points.missing()), reason=points.missing())


def kept(folder: Path, runs: Sequence[Run]) -> Store:
    """Adds runs to a history, a day apart; each gives the times of its rows in microseconds."""
    store = Store(folder / "history")
    for number, run in enumerate(runs):
        rows = [made_records.benchmark(f"test_{name}", us * 1e-6) for name, us in run.items()]
        document = made_records.pytest_run(rows, f"2026-10-{number + 1:02}T00:00:00", number)
        assert store.add(read(made_records.written(folder / f"{number}.json", document)))
    return store


def changes(store: Store) -> dict[str, list[float]]:
    """Lists the share of each change that was found, by row."""
    shares: dict[str, list[float]] = {}
    for series in store.series():
        name = series.contender.removeprefix("test_")
        shares.setdefault(name, []).extend(one.share for one in points.find(series))
    return shares


def ratios(series: Series) -> list[float]:
    assert all(point.ratio is not None for point in series.points)
    return [point.ratio or 0 for point in series.points]


def scaled(run: Run, factor: float) -> Run:
    return {name: us * factor for name, us in run.items()}


@finds_changes
@pytest.mark.parametrize("halved", ["a", "b", "c", "d"])
@pytest.mark.parametrize("count", [3, 4])
def test_halving_one_row_reports_only_that_row(tmp_path: Path, halved: str, count: int) -> None:
    before = dict(list(FOUR.items())[-count:])
    if halved not in before:
        pytest.skip("not among these rows")
    after = {**before, halved: before[halved] / 2}
    noise = np.random.default_rng(1).normal(1, 0.001, (RUNS, count))
    runs = [
        {name: us * noise[number, place] for place, (name, us) in enumerate(run.items())}
        for number, run in enumerate([before] * STEP + [after] * (RUNS - STEP))
    ]
    found = changes(kept(tmp_path, runs))
    assert found == {name: [] for name in before if name != halved} | {
        halved: [pytest.approx(-0.5, abs=0.003)]
    }


def test_a_single_run_moves_only_its_own_row(tmp_path: Path) -> None:
    runs = [FOUR] * 3 + [{**FOUR, "b": 1.0}]
    for series in kept(tmp_path, runs).series():
        first, *_, last = ratios(series)
        assert last / first == pytest.approx(0.5 if series.contender == "test_b" else 1)


@finds_changes
def test_a_slower_machine_neither_makes_nor_hides_a_change(tmp_path: Path) -> None:
    slow = scaled(FOUR, 1.5)
    runs = [FOUR] * 4 + [slow] * 4 + [{**slow, "d": slow["d"] * 1.2}] * 4
    found = changes(kept(tmp_path, runs))
    assert found == {"a": [], "b": [], "c": [], "d": [pytest.approx(0.2)]}


@finds_changes
def test_rows_that_come_and_go_do_not_affect_other_series(tmp_path: Path) -> None:
    more = {**FOUR, "e": 0.1, "f": 50.0}
    fewer = {name: us for name, us in more.items() if name != "a"}
    runs = [FOUR] * 4 + [more] * 4 + [fewer] * 4
    store = kept(tmp_path, runs)
    assert not any(changes(store).values())
    assert len(store.series()) == 6
    assert {series.control for series in store.series()} == {"typical row"}


@finds_changes
def test_three_lasting_rows_outweigh_many_new_ones(tmp_path: Path) -> None:
    old = {f"old{n}": 1.0 + n for n in range(6)}
    stay = {f"stay{n}": 2.0 + n for n in range(3)}
    new = {f"new{n}": 3.0 + n for n in range(20)}
    runs = [{**old, **stay}] * 6 + [scaled({**stay, **new}, 1.5)] * 6
    assert not any(changes(kept(tmp_path, runs)).values())


def test_runs_with_too_few_rows_in_common_are_not_compared(tmp_path: Path) -> None:
    other = {"a": 8.0, "x": 1.0, "y": 1.0, "z": 1.0}
    store = kept(tmp_path, [FOUR, FOUR, other, other])
    found = {(one.contender, one.control): len(one.points) for one in store.series()}
    assert found["test_a", "typical row"] == found["test_a", "typical row (set 2)"] == 2
    assert found["test_x", "typical row (set 2)"] == 2


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_rows_cannot_show_what_changed(tmp_path: Path, count: int) -> None:
    run = dict(list(FOUR.items())[:count])
    store = kept(tmp_path, [run] * 4 + [{**run, "a": 0.5}] * 4)
    assert all(point.ratio is None for one in store.series() for point in one.points)
    assert not any(changes(store).values())
    assert "fewer than 3 rows" in without_ratio(read(tmp_path / "0.json"))


def test_a_run_with_few_rows_is_unknown_and_does_not_break_a_series(tmp_path: Path) -> None:
    store = kept(tmp_path, [FOUR, {"a": 9.0}, FOUR])
    (series,) = store.series(contenders=["test_a"])
    unknown = [point.ratio is None for point in series.points]
    assert unknown == [False, True, False]


def test_each_machine_has_its_own_scale(tmp_path: Path) -> None:
    store = kept(tmp_path, [FOUR] * 2)
    document = made_records.pytest_run(
        [made_records.benchmark(f"test_{name}", us * 1e-5) for name, us in FOUR.items()]
    )
    document["machine_info"] = {**made_records.MACHINE, "node": "another"}
    store.add(read(made_records.written(tmp_path / "other.json", document)))
    assert {series.control for series in store.series()} == {"typical row"}
    by_row = {(one.machine, one.contender): ratios(one)[0] for one in store.series()}
    assert len(by_row) == 8
    assert len({round(ratio, 6) for ratio in by_row.values()}) == 4


def test_reading_in_batches_gives_the_same_ratios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kept(tmp_path, [FOUR, scaled(FOUR, 2), {**FOUR, "a": 0.5}])
    whole = store.series()
    monkeypatch.setattr("callcost.history.store.BATCH_ROWS", 1)
    assert list(store.each_series()) == whole
    one = store.series(contenders=["test_a"])
    assert one == [series for series in whole if series.contender == "test_a"]


def test_the_typical_row_replaces_the_means_of_older_stores(tmp_path: Path) -> None:
    from dataclasses import replace

    store = Store(tmp_path / "history")
    for number, run in enumerate([FOUR, FOUR, {**FOUR, "b": 1.0}]):
        rows = [made_records.benchmark(f"test_{name}", us * 1e-6) for name, us in run.items()]
        document = made_records.pytest_run(rows, f"2026-10-{number + 1:02}T00:00:00", number)
        made = read(made_records.written(tmp_path / "run.json", document))
        control = f"geometric mean of 4 rows ({number})"
        old = tuple(replace(row, control=control, ratio=99.0 + number) for row in made.rows)
        store.add(replace(made, rows=old))
    for series in store.series():
        first, _, last = ratios(series)
        assert series.control == "typical row"
        assert last / first == pytest.approx(0.5 if series.contender == "test_b" else 1)


@pytest.mark.parametrize("name", ["a[1]", "a[x-*]", "a\\b", "A?"])
def test_a_row_is_found_by_its_name_whatever_its_characters(tmp_path: Path, name: str) -> None:
    row = made_records.benchmark("test_other", 1e-6, group=name)
    document = made_records.pytest_run([{**row, "param": name}])
    store = Store(tmp_path / "history")
    assert store.add(read(made_records.written(tmp_path / "run.json", document)))
    assert store.series([name], [name]) == store.series()
    with pytest.raises(UnknownNameError, match="--workload absent matches nothing here"):
        store.series([name, "absent"])
