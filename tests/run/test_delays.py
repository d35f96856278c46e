"""The control of injected delays: its arithmetic on made-up epochs, and its place in a run."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callcost.estimate.delays import estimate_delays, fit
from callcost.estimate.estimate import estimate_run
from callcost.estimate.facts import run_facts
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record
from callcost.estimate.trust import trust
from callcost.model.contender import Contender
from callcost.model.delays import NAME, Delays
from callcost.model.group import Environment, Group, controls_for
from callcost.model.interval import Interval
from callcost.model.plan import Plan, Settings
from callcost.model.run import GroupTimes, Run
from callcost.run import delays
from callcost.run._delay import delay, delay_ns
from callcost.run.coordinator import measure
from callcost.run.delays import CONTROL_NS, NoDelaysError

ABSOLUTE = Group("absolute", (Contender("builtin", "n = -3", "abs(n)", "3"),))
SETTINGS = Settings(processes=10, row_s=0.02)


def made_up(
    slope: float,
    hidden_ns: float = 0.0,
    targets_ns: tuple[int, ...] = CONTROL_NS,
    processes: int = 12,
) -> GroupTimes:
    """Makes the times of delays: `slope` times their known size, less `hidden_ns`."""
    group = delays.delay_group(range(len(targets_ns)))
    injected_ns = np.array(targets_ns, dtype=float)
    added_ns = np.maximum(0, slope * injected_ns - hidden_ns)
    # The empty loop, the twin of the first delay and the yardstick follow the delays.
    cost_ns = np.concatenate([20 + added_ns, [0, 20, 10]])
    epochs = np.rint((cost_ns[:, None] + 0.2) * 1000 * np.ones(30)).astype(np.int64)
    plan = Plan(100, 10, 1, 30)
    times = GroupTimes(group, controls_for(group, 0), plan, [epochs] * processes)
    times.reports = [{group.contenders[0].name: (injected_ns + 1.5).tolist()}] * processes
    return times


def run_with(times: GroupTimes | None, missing: str | None = None) -> Run:
    return Run(Settings(), cpu=0, seed=1, delays=times, delays_missing=missing)


@pytest.mark.parametrize("targets_ns", [CONTROL_NS, (0, 2, 5, 10, 15, 20, 30, 45, 60, 100, 200)])
@pytest.mark.parametrize(("slope", "hidden_ns"), [(1.0, 0.0), (1.0, 9.0), (0.9, 4.0), (1.2, 0.0)])
def test_fit_recovers_the_slope_and_the_hidden_part(
    slope: float, hidden_ns: float, targets_ns: tuple[int, ...]
) -> None:
    found = fit(made_up(slope, hidden_ns, targets_ns))
    assert found.slope.value == pytest.approx(slope, abs=1e-3)
    assert found.intercept_ns.value == pytest.approx(-hidden_ns, abs=0.05)
    assert [point.fitted for point in found.points] == [ns >= 20 for ns in targets_ns]
    assert [point.injected_ns for point in found.points] == list(targets_ns)
    assert found.points[-1].measured.value == pytest.approx(200 * slope - hidden_ns, abs=1e-3)


@pytest.mark.parametrize(
    ("slope", "failed"), [(0.5, True), (0.979, True), (0.985, False), (1.0, False), (1.021, True)]
)
def test_delays_measured_at_a_wrong_size_are_reported(slope: float, failed: bool) -> None:
    run = run_with(made_up(slope, 9.0))
    found = estimate_delays(run)
    assert found is not None and found.failed is failed
    sentence, *capitals = trust(run, {})
    assert (
        sentence == f"Injected delays: slope {slope:.4f} ({slope:.4f} .. {slope:.4f}); 1 is right."
    )
    assert [line.partition(":")[0] for line in capitals] == ["DELAYS"] * failed
    assert not failed or f"at {slope:.1%} of their size" in capitals[0]


@pytest.mark.parametrize(
    ("low", "high", "failed"),
    [(0.5, 0.985, False), (1.01, 1.5, False), (1.03, 1.5, True), (np.nan, np.nan, False)],
)
def test_delays_fail_only_if_the_whole_interval_is_beyond_the_limit(
    low: float, high: float, failed: bool
) -> None:
    found = Delays(Interval((low + high) / 2, low, high), Interval(0, 0, 0), [])
    assert found.failed is failed


def test_too_few_processes_give_no_interval() -> None:
    run = run_with(made_up(0.5, processes=5))
    found = estimate_delays(run)
    assert found is not None and not found.failed
    assert found.slope.as_list() == [pytest.approx(0.5), None, None]
    assert trust(run, {}) == ["Injected delays: slope 0.5000 (interval unknown); 1 is right."]


def test_equal_delays_have_no_slope() -> None:
    # As with a clock that does not advance in C: no delay is long enough to be fitted.
    times = made_up(1.0)
    times.reports = [{times.group.contenders[0].name: [0.0] * len(CONTROL_NS)}] * 12
    found = fit(times)
    assert found.slope.as_list() == [None, None, None]
    assert not found.failed


def test_a_run_without_delays_says_why() -> None:
    assert estimate_delays(run_with(None)) is None
    assert trust(run_with(None), {}) == []
    said = trust(run_with(None, "the extension that makes delays was not built"), {})
    assert said == [
        "Injected delays: none in this run: the extension that makes delays was not built."
    ]


def test_the_reason_for_missing_delays_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = replace(ABSOLUTE, environment=Environment("other", sys.executable, {}))
    with pytest.raises(NoDelaysError, match="no group is measured in this interpreter"):
        delays.control_group([elsewhere])
    with pytest.raises(NoDelaysError, match=f"another group is called {NAME}"):
        delays.control_group([replace(ABSOLUTE, name=NAME)])
    with monkeypatch.context() as slow:
        slow.setattr(delays, "choose_steps", lambda targets_ns: [0, 0, 1, 2, 4])
        with pytest.raises(NoDelaysError, match="one step takes longer"):
            delays.control_group([ABSOLUTE])
    monkeypatch.setitem(sys.modules, "callcost.run._delay", None)
    with pytest.raises(NoDelaysError, match="the extension that makes delays was not built"):
        delays.control_group([elsewhere, ABSOLUTE])


def quietly(*groups: Group, control: Group) -> Run:
    return measure(groups, SETTINGS, lambda progress: None, control)


def test_delays_are_measured_in_the_processes_of_the_groups_but_are_not_a_group() -> None:
    run = quietly(ABSOLUTE, control=delays.control_group([ABSOLUTE]))
    assert (list(run.groups), run.failures, run.delays_missing) == (["absolute"], {}, None)
    assert run.delays is not None and len(run.delays.processes) == len(run.delays.reports) == 10
    # The group's own processes: one that scouts, and ten that time both.
    assert len(run.hash_seeds) == 11
    found = estimate_delays(run)
    assert found is not None
    injected_ns = [point.injected_ns for point in found.points]
    assert len(injected_ns) == len(CONTROL_NS) and injected_ns[0] == 0


CRASH = "import ctypes, os\ndelay = lambda: os.kill(os.getpid(), 11)"


@pytest.mark.parametrize(
    ("setup", "kind"), [("import no_such_module", "setup failed"), (CRASH, "crash")]
)
def test_failing_delays_do_not_affect_the_groups(setup: str, kind: str) -> None:
    bad = Contender("bad", setup, "delay()", "None")
    good = Contender("good", "", "None", report="[0.0]")
    run = quietly(ABSOLUTE, control=Group(NAME, (good, bad)))
    assert (list(run.groups), run.failures, run.delays) == (["absolute"], {}, None)
    assert len(run.groups["absolute"].processes) == 10
    assert run.delays_missing is not None
    assert run.delays_missing.startswith(f"{NAME}: bad: {kind}: ")


def test_no_process_measures_delays_alone() -> None:
    wrong = replace(ABSOLUTE.contenders[0], expect="4")
    run = quietly(Group("absolute", (wrong,)), control=Group(NAME, (Contender("one", "", "None"),)))
    assert list(run.failures) == [("absolute", "builtin")]
    assert run.delays_missing == "too few processes have measured them"
    # Only the process that scouts was started.
    assert len(run.hash_seeds) == 1


HOOK = """
def pytest_callcost_tables(config, estimates):
    return [], [f"estimates of {sorted(estimates)}"]
"""


def test_delays_are_not_among_the_rows(
    toy: Any, write_suite: Any, run_pytest: Any, records: Any, tmp_path: Path
) -> None:
    write_suite(toy)
    (tmp_path / "conftest.py").write_text(HOOK)
    done = run_pytest("--benchmark-only")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = records()
    said = done.stdout.replace(str(tmp_path), "")
    assert "5 passed" in said
    assert "estimates of ['absolute', 'length']" in said
    # The output has one sentence about delays.
    assert said.count("elays") == said.count("Injected delays: slope ") == 1
    document = Record.load(path).document
    assert len(document["benchmarks"]) == 5
    assert "delay" not in json.dumps(document["benchmarks"])
    section = document["callcost"]
    assert list(section["groups"]) == ["absolute", "length"]
    off = [abs(group["twin_ratio"][0] - 1) for group in section["groups"].values()]
    assert section["aa_p95"] == pytest.approx(np.quantile(off, 0.95))
    assert section["delays_missing"] is None
    found = estimate_delays(Record.load(path).run)
    assert found is not None and section["delays"]["slope"] == found.slope.as_list()


def recorded(run: Run) -> dict[str, Any]:
    """Returns the document of a run without rows, as if read from a file."""
    document = {"callcost": run_facts(run, estimate_run(run), {}), "benchmarks": []}
    read: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return read


@pytest.mark.parametrize("processes", [5, 12])
def test_delays_are_read_back_and_estimated_again(processes: int) -> None:
    run = run_with(made_up(0.5, 9.0, processes=processes))
    document = recorded(run)
    read = Record(Path("some.json"), document).run
    assert run.delays is not None and read.delays is not None
    assert read.delays.group == run.delays.group
    assert read.delays.controls == run.delays.controls
    # As text: an unknown end of an interval is NaN, which does not equal itself.
    assert repr(fit(read.delays).points) == repr(fit(run.delays).points)
    found = estimate_delays(read)
    assert found is not None and found.failed is (processes == 12)
    facts = document["callcost"]["delays"]
    assert facts["slope"] == found.slope.as_list() == fit(read.delays).slope.as_list()
    assert facts["intercept_ns"] == found.intercept_ns.as_list()
    assert facts["points"][-1]["measured_ns"] == found.points[-1].measured.as_list()
    assert [point["fitted"] for point in facts["points"]] == [False, True, True, True, True]


def test_a_run_without_delays_is_read_back() -> None:
    document = recorded(run_with(None, "too few"))
    assert document["callcost"]["delays"] is None
    read = Record(Path("some.json"), document).run
    assert (read.delays, read.delays_missing) == (None, "too few")


@pytest.mark.parametrize("lost", ["slope", "points"])
def test_damaged_delays_are_refused(lost: str) -> None:
    document = recorded(run_with(made_up(1.0)))
    del document["callcost"]["delays"][lost]
    with pytest.raises(RecordError, match=f"callcost.delays: it lacks {lost}"):
        Record(Path("some.json"), document)


def test_damaged_epochs_of_delays_are_refused_with_their_field() -> None:
    document = recorded(run_with(made_up(1.0)))
    del document["callcost"]["delays"]["raw"]["timed_in_c_ns"]
    with pytest.raises(RecordError, match=r"callcost.delays.raw: it lacks timed_in"):
        _ = Record(Path("some.json"), document).run


def test_a_run_without_the_delay_extension_goes_on_without_delays(
    toy: Any, write_suite: Any, run_pytest: Any, records: Any, tmp_path: Path
) -> None:
    write_suite(toy)
    (tmp_path / "conftest.py").write_text("import sys\nsys.modules['callcost.run._delay'] = None\n")
    done = run_pytest("--benchmark-only")
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert (
        "Injected delays: none in this run: the extension that makes delays was not built (" in said
    )
    (path,) = records()
    section = Record.load(path).document["callcost"]
    assert section["delays"] is None and "not built" in section["delays_missing"]
    assert Record.load(path).run.delays_missing == section["delays_missing"]


def test_more_steps_of_the_delay_take_longer_inside_c() -> None:
    # The best of many, and 100 times the steps: a difference far above any noise.
    short_ns, long_ns = (min(delay_ns(steps, 50) for _ in range(50)) for steps in (100, 10_000))
    assert long_ns > 10 * short_ns
    assert delay(100) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((1,), TypeError), (("x", 1), TypeError), ((1, 0), ValueError), ((1, 2, 3), TypeError)],
)
def test_the_delay_refuses_bad_arguments(arguments: tuple[object, ...], error: type) -> None:
    with pytest.raises(error):
        delay_ns(*arguments)  # type: ignore[arg-type]
