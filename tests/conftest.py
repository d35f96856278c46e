"""What all tests share: where each of them runs, and tests/support/small_suites.py."""

from __future__ import annotations

import atexit
import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import small_suites
import surroundings

if TYPE_CHECKING:
    from callcost.model.group import Environment

Pytest = Callable[..., subprocess.CompletedProcess[str]]
# Far more than any test takes on a busy machine: a test that takes longer hangs, and is named.
LIMIT_S = 900
# Files that take long although they have many tests.
MANY_AND_LONG = ("test_memory.py", "test_faults.py")

# Before anything else is imported, and before pytest-xdist starts the processes that test.
surroundings.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Runs the tests of a file in one process, and gives each test a time limit."""
    if sys.flags.optimize and config.getoption("dist", "no") == "no":
        raise pytest.UsageError("Python runs without assert statements: leave out -O")
    # Not in pyproject.toml, where pytest would warn if pytest-timeout is not installed.
    if config.getoption("timeout", 0) is None:
        config.option.timeout = LIMIT_S
    # Not on the command line, which would be wrong where pytest-xdist is not installed.
    if config.getoption("dist", "no") == "load":
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Starts more processes than there are CPUs: many tests only wait for something."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Looks for no garbage while modules and tests are found: all of them stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Looks for garbage from now on, but not among what was found."""
    gc.freeze()
    gc.enable()
    # At the very end nothing may be left: nanobind would report it as leaked.
    atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the files that take long first, so that none is left over: they have few tests."""
    if hasattr(config, "workerinput"):
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: (item.path.name not in MANY_AND_LONG, tests[item.path]))


@pytest.fixture(autouse=True, scope="session")
def runs_of_their_own() -> Iterator[None]:
    """Hides this pytest's own variables from the runs that the tests start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def other() -> Environment:
    """The running interpreter under another name: unlike a second one, it is always there."""
    # Late: few tests need it.
    from callcost.run import interpreters

    return replace(interpreters.find(sys.executable), name="other3")


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> small_suites.Measured:
    """The toy catalogue, measured once for all tests that only read its results."""
    return small_suites.measured(tmp_path_factory.mktemp("measured"), small_suites.TOY)


@pytest.fixture
def toy() -> dict[str, Any]:
    """A copy of the toy catalogue, to be changed before the suite is written."""
    return small_suites.copy_of_toy()


@pytest.fixture
def program() -> Callable[..., tuple[str, str, str, list[str]]]:
    """Returns the function that makes a floor from PROGRAM, with some of its text replaced."""
    return small_suites.make_program


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Returns the function that writes a suite for a catalogue, and returns its folder."""

    def write(catalogue: dict[str, Any]) -> Path:
        small_suites.write(tmp_path, catalogue)
        return tmp_path

    return write


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., list[str]]:
    """Returns the function that makes the command line of a quick run of the suite."""
    return partial(small_suites.command, tmp_path)


@pytest.fixture
def run_pytest(tmp_path: Path) -> Pytest:
    """Returns the function that runs the suite with further arguments, and waits for it."""
    return partial(small_suites.run, tmp_path)


@pytest.fixture
def records(tmp_path: Path) -> Callable[[], list[Path]]:
    """Returns the function that lists the records in the suite's results folder."""
    return partial(small_suites.records, tmp_path)
