"""The pytest plugin: the instrument measures, pytest-benchmark shows, saves and compares.

A test with the fixture `callcost` and the marks that `case` makes is one row. The first of them
measures all selected rows together, since only rows measured together can be compared. Each
then replays its rounds through pytest-benchmark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from callcost.errors import CallcostError

if TYPE_CHECKING:
    from callcost.model.contender import Contender
    from callcost.model.group import Environment
    from callcost.pytest_plugin.session import MeasuringSession

MARK = "callcost"
BLOCKED = (
    "callcost's benchmarks report through pytest-benchmark, which -p no:benchmark turns off: "
    "leave that out, or use --benchmark-disable to check every call without timing it."
)
# Options of pytest-benchmark for its own measuring loop, which does not run here.
MEANINGLESS = (
    *("--benchmark-min-time", "--benchmark-max-time", "--benchmark-min-rounds"),
    *("--benchmark-precision", "--benchmark-calibration-precision", "--benchmark-timer"),
    *("--benchmark-warmup", "--benchmark-disable-gc", "--benchmark-cprofile"),
)

# Options of pytest-benchmark that only its own table answers.
OF_ITS_TABLE = (
    *("--benchmark-columns", "--benchmark-sort", "--benchmark-group-by", "--benchmark-name"),
    *("--benchmark-verbose", "--benchmark-compare", "--benchmark-histogram"),
)


def case(
    group: str,
    contender: Contender,
    *parameters: str,
    identity: str,
    environment: Environment | None = None,
    floor: bool = False,
) -> Any:
    """Makes the pytest parameters of one row: `parameters` for the test, marks for this plugin.

    Rows of another environment are in groups of their own, which have its name. A `floor` is
    measured with its group and shown below it, without a rank.
    """
    from callcost.model.group import ELSEWHERE

    if environment is not None:
        group = f"{group}{ELSEWHERE}{environment.name}"
    marks = [
        pytest.mark.callcost(
            group=group, contender=contender, environment=environment, floor=floor
        ),
        pytest.mark.benchmark(group=group),
    ]
    return pytest.param(*parameters, id=identity, marks=marks)


def refused(reason: str, *parameters: str, identity: str) -> Any:
    """Makes the pytest parameters of a row that fails with a reason instead of being measured."""
    marks = pytest.mark.callcost_refused(reason=reason)
    return pytest.param(*parameters, id=identity, marks=marks)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("callcost", "measuring calls (callcost)")
    group.addoption(
        "--quick",
        action="store_true",
        help="Measure for a first look: fewer and shorter processes, wider intervals.",
    )
    for name, kind, metavar, text in (
        ("processes", _whole_number(at_least=10), "N",
         "Fresh worker processes to measure with, 10 at least. Default: 32."),
        ("row-seconds", _seconds, "SECONDS",
         "Wall time for each row, all processes together. Default: 0.33."),
        ("timeout", _seconds, "SECONDS",
         "End a worker that has not answered for this long. Default: 20."),
        ("cpu", _whole_number(at_least=0), "N",
         "CPU to pin the workers to. Default: the last one allowed."),
        ("layouts", _whole_number(at_least=0), "N",
         "Layouts of the libraries to load, one in each process; 0 loads them as built. "
         "Default: all that were linked."),
        ("stack-places", _whole_number(at_least=1), "N",
         "Places on the stacks to time from in each process; 1 leaves it to chance. Default: 32."),
        ("results", Path, "DIR",
         "Folder for the record and the charts of the run. Default: results/."),
    ):  # fmt: skip
        group.addoption(f"--callcost-{name}", type=kind, metavar=metavar, help=text)
    if pluginmanager.is_blocked("benchmark"):
        # Only pytest-benchmark has them: without it, pytest would call them unknown.
        for option in ("--benchmark-only", "--benchmark-disable", "--benchmark-skip"):
            parser.addoption(option, action="store_true", help=BLOCKED)


def _whole_number(at_least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if number < at_least:
            raise ValueError
        return number

    parse.__name__ = f"whole number of at least {at_least}"
    return parse


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


_seconds.__name__ = "positive number of seconds"


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from callcost.pytest_plugin import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    for mark in (
        "callcost(group, contender, environment, floor): a row that callcost measures; "
        "made by case().",
        "callcost_refused(reason): a row that must not be measured; made by refused().",
    ):
        config.addinivalue_line("markers", mark)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Turns callcost's errors into pytest's usage errors, which have exit code 4.

    Other errors pass: the plugin is also loaded in projects that do not use callcost.
    """
    try:
        yield
    except CallcostError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuses what cannot work before anything is measured."""
    rows = [item for item in session.items if item.get_closest_marker(MARK)]
    if not rows or session.config.option.collectonly:
        return
    config = session.config
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError(BLOCKED)
    _refuse_meaningless(config)
    if config.getoption("benchmark_skip") or config.getoption("benchmark_disable"):
        return
    from callcost.pytest_plugin.session import MeasuringSession

    measuring = MeasuringSession(config, rows)
    measuring.prepare()
    config.pluginmanager.register(measuring, "callcost-session")


def _refuse_meaningless(config: pytest.Config) -> None:
    for option in _given(config, MEANINGLESS):
        raise pytest.UsageError(
            f"{option} steers pytest-benchmark's own measuring loop, which callcost's "
            "benchmarks do not use: leave it out (see --callcost-row-seconds, --quick)."
        )


def _given(config: pytest.Config, options: Iterable[str]) -> Iterator[str]:
    """Yields those of pytest-benchmark's options that do not have their defaults."""
    defaults = config._parser.parse([])
    for option in options:
        name = option.removeprefix("--").replace("-", "_")
        if config.getoption(name) != getattr(defaults, name):
            yield option


@pytest.fixture
def callcost(request: pytest.FixtureRequest, benchmark: Any) -> Iterator[Callable[[], None]]:
    """Returns the function that gives this row its times, or fails with the reason."""
    refusal = request.node.get_closest_marker("callcost_refused")
    if refusal is not None:
        pytest.fail(refusal.kwargs["reason"], pytrace=False)
    mark = request.node.get_closest_marker(MARK)
    if mark is None:
        raise pytest.UsageError(
            "the fixture callcost needs the marks that callcost.pytest_plugin.plugin.case makes"
        )
    session: MeasuringSession | None = request.config.pluginmanager.get_plugin("callcost-session")

    def measured() -> None:
        if session is None or benchmark.disabled:
            _check_only(mark.kwargs["contender"], mark.kwargs["environment"], benchmark)
            return
        try:
            session.give_times(request.node, benchmark)
        except Exception as error:
            from callcost.console.front import as_callcost_error

            if (found := as_callcost_error(error)) is None:
                raise
            pytest.fail(str(found), pytrace=False)

    yield measured


def _check_only(contender: Contender, environment: Environment | None, benchmark: Any) -> None:
    """Evaluates the call once and compares the result, for --benchmark-disable."""
    from dataclasses import asdict

    from callcost.run import interpreters
    from callcost.worker import worker

    def check() -> None:
        if environment is not None:
            wrong = interpreters.check(environment, contender)
            if wrong is not None:
                pytest.fail(f"{contender.name} @ {environment.name}: {wrong}", pytrace=False)
            return
        try:
            worker.check_only(asdict(contender))
        except worker.ContenderError as error:
            pytest.fail(f"{contender.name}: {error.kind}: {error}", pytrace=False)

    benchmark.pedantic(check)


@pytest.hookimpl(tryfirst=True)
def pytest_benchmark_group_stats(
    config: pytest.Config, benchmarks: Sequence[Any]
) -> list[Any] | None:
    """Leaves pytest-benchmark's table out if callcost's says it all and nobody asked for it.

    callcost's tables have the same rows, with what to trust.
    """
    asked = any(_given(config, OF_ITS_TABLE))
    ours = all(MARK in benchmark["extra_info"] for benchmark in benchmarks)
    return [] if ours and not asked else None


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    """Adds what the cost of a call depends on, and removes what changes from minute to minute."""
    from callcost.run import machine

    machine_info["callcost"] = machine.identity()
    machine_info["node"] = machine.machine_digest()
    for volatile in ("hz_actual", "hz_actual_friendly"):
        machine_info.get("cpu", {}).pop(volatile, None)
