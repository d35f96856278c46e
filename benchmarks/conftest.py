"""What this suite adds to pytest: rows, interpreters, facts about the build, tables, charts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType
from rich.text import Text

from callcost.benchmarks import summary
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import build, layout_facts, layouts
from callcost.benchmarks.environments import Place, make, place_rows
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.marks import Marks, marks_of
from callcost.benchmarks.matrix.figures import Matrix
from callcost.benchmarks.matrix.interpreters import missing_in
from callcost.benchmarks.matrix.table import tables
from callcost.benchmarks.matrix.upgrades import Counts, count, largest
from callcost.bindings.registry import damaged, mechanisms
from callcost.console import progress
from callcost.console.front import ending_clean
from callcost.console.numbers import listed
from callcost.console.options import PYTHON_HELP
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.sheet import Sheet, Wording
from callcost.model.layout import Layout
from callcost.model.patterns import UnknownNameError, matches, require_known, tools_of, with_tools
from callcost.model.run import Progress

ELSEWHERE_FILE = "test_environments.py"

OPTIONS = {
    "mechanism": "Measure only this mechanism; a pattern such as 'cffi_*', and may be repeated.",
    "workload": "Measure only this workload; a pattern such as 'add_*', and may be repeated.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options that select rows."""
    group = parser.getgroup("callcost")
    for name, text in OPTIONS.items():
        group.addoption(f"--{name}", action="append", metavar="NAME", default=[], help=text)
    text = f"Measure in this interpreter instead: {PYTHON_HELP}; may be repeated."
    group.addoption("--python", action="append", metavar="PYTHON", default=[], help=text)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out the rows of the running interpreter if others are named, and else theirs."""
    if collection_path.suffix != ".py":
        return None
    elsewhere = collection_path.name == ELSEWHERE_FILE
    return True if elsewhere != bool(config.getoption("python")) else None


def pytest_collection(session: pytest.Session) -> None:
    """Makes the environments of the interpreters that are named, before anything is collected."""
    if session.config.getoption("python"):
        known = {
            "workload": [w.name for w in WORKLOADS],
            "mechanism": [m.name for m in mechanisms()],
        }
        for name in OPTIONS:
            _require_known(name, session.config.getoption(name), known[name])
        _places(session.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes the rows of the interpreters that are named."""
    if metafunc.definition.path.name == ELSEWHERE_FILE:
        made = list(place_rows(_places(metafunc.config), WORKLOADS))
        metafunc.parametrize(("workload", "mechanism"), made)


def _places(config: pytest.Config) -> Sequence[Place]:
    """Makes the environments once, and shows how far that is."""
    if PLACES not in config.stash:
        with _steps_shown(config) as report:
            layouts = config.getoption("callcost_layouts")
            config.stash[PLACES] = make(config.getoption("python"), report, layouts)
    return config.stash[PLACES]


@contextmanager
def _steps_shown(config: pytest.Config) -> Iterator[Callable[[str], None]]:
    """Yields the function that shows each step of work that comes before any measuring."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with (
        capture.global_and_fixture_disabled(),
        ending_clean(),
        progress.shown(sys.stderr, "callcost", every_step=True) as report,
    ):
        yield lambda what: report(Progress(0, 1, what))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps only the rows that the options name; raises UnknownNameError for an unknown name."""
    for name in OPTIONS:
        patterns: list[str] = config.getoption(name)
        if name == "mechanism":
            patterns = with_tools(patterns, (_parameter(item, name) for item in items))
        if patterns:
            _require_known(name, patterns, [_parameter(item, name) for item in items])
            left_out = [i for i in items if not matches(_parameter(i, name), patterns)]
            # As a set: two lists would compare every row with every other.
            dropped = set(left_out)
            items[:] = [item for item in items if item not in dropped]
            config.hook.pytest_deselected(items=left_out)


def _require_known(name: str, patterns: list[str], known: Sequence[str]) -> None:
    """Raises UnknownNameError for a pattern of an option that fits nothing."""
    tools = tools_of(known) if name == "mechanism" else ()
    try:
        require_known(f"--{name}", patterns, [*known, *tools])
    except UnknownNameError as error:
        said = f"{error} (`callcost list` shows what there is)"
        raise UnknownNameError("; ".join([said, *_damaged(patterns)])) from error


def _damaged(patterns: list[str]) -> list[str]:
    """Tells why the damaged mechanisms among those selected cannot be used."""
    selected = ((name, why) for name, why in damaged().items() if matches(name, patterns))
    return [f"{name} is damaged: {why}" for name, why in selected]


def _parameter(item: pytest.Item, name: str) -> str:
    """Returns the mechanism or the workload of a row; empty for a test that is not a row."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get(name, "")) if callspec else ""


COUNTS = pytest.StashKey[Counts]()
MATRIX = pytest.StashKey[Matrix]()
PLACES = pytest.StashKey[Sequence[Place]]()
# The facts of each mechanism, by environment; that of the running interpreter is "".
FACTS = pytest.StashKey[summary.FactsOf]()
MARKS = pytest.StashKey[Marks]()


def pytest_callcost_environment(config: pytest.Config, contenders: Sequence[str]) -> dict[str, Any]:
    """Records how the mechanisms were built, what was not built, and the facts of each."""
    chosen = [mechanism for mechanism in mechanisms() if mechanism.name in contenders]
    marks = Marks({mechanism.name: marks_of(mechanism) for mechanism in chosen})
    config.stash[MARKS] = marks
    if places := config.stash.get(PLACES, []):
        with _steps_shown(config) as report:
            config.stash[FACTS] = dict(_facts(places, report))
        about = {place.environment.name: place.as_json() for place in places}
        return {"interpreters": about, "marks": marks.by_mechanism}
    found = facts.probe_all(chosen)
    config.stash[FACTS] = {"": found}
    return {
        **build().about,
        "unmoved": layout_facts().get("unmoved", {}),
        "facts": found,
        "marks": marks.by_mechanism,
    }


def _facts(
    places: Sequence[Place], report: Callable[[str], None]
) -> Iterator[tuple[str, Mapping[str, facts.Facts]]]:
    """Yields the facts of each interpreter by its name; asking every mechanism takes a while."""
    for place in places:
        if not place.knows_facts:
            report(f"finding out what each mechanism does in {place.environment.name}")
        yield place.environment.name, place.facts


def pytest_callcost_measured(
    config: pytest.Config,
    estimates: dict[str, GroupEstimate],
    report: Callable[[Progress], None],
) -> dict[str, Any]:
    """Counts the instructions of the calls that changed most between interpreters."""
    places = [place.environment.name for place in config.stash.get(PLACES, [])]
    if not places:
        return {}
    matrix = config.stash[MATRIX] = Matrix(estimates, places)

    def tell(done: int, total: int) -> None:
        report(Progress(done, total, f"{done} of {total} calls counted"))

    config.stash[COUNTS] = count(largest(matrix), estimates, tell)
    return {"instructions": config.stash[COUNTS]}


def pytest_callcost_layouts() -> list[Layout]:
    """Returns the layouts in which the build has linked the mechanisms."""
    return layouts()


def pytest_callcost_wording(config: pytest.Config, group: str) -> Wording:
    """Returns a group's labels, and the facts and marks of each row."""
    return summary.wording_of(group, config.stash[FACTS], config.stash[MARKS])


def pytest_callcost_legend() -> str:
    """Returns what the letters and marks mean."""
    return summary.legend()


def pytest_callcost_answers(sheets: Sequence[Sheet], aa_error: float) -> list[str]:
    """Returns an answer for each kind of call."""
    return list(summary.answers(sheets, aa_error))


def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:
    """Draws the charts of a saved run."""
    from callcost.benchmarks.charts.draw import draw

    return draw(path)


def pytest_callcost_tables(
    config: pytest.Config, estimates: dict[str, GroupEstimate]
) -> tuple[list[str], list[RenderableType]]:
    """Replaces the tables of the sweep, one for each n, and those of several interpreters."""
    if (matrix := config.stash.get(MATRIX, None)) is not None:
        missing = _not_there(config.stash[PLACES])
        return list(estimates), [*tables(matrix, config.stash[COUNTS]), *missing]

    return summary.own_tables(estimates)


def _not_there(places: Sequence[Place]) -> Iterator[Text]:
    """Lists the mechanisms that interpreters lack; those with one reason share a line."""
    lacking = {place.environment.name: place.lacking for place in places}
    for name, reason, where in missing_in(lacking):
        yield Text(f"Not measured in {listed(where)}: {name} ({reason})")
