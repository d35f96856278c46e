"""A pytest session that measures: all rows together, once, when the first test needs its times."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from callcost.console import progress, streams
from callcost.console.files import probe_writable, write_new
from callcost.console.front import ending_clean
from callcost.console.outputs import PIPE_WIDTH
from callcost.errors import CallcostError
from callcost.estimate import facts
from callcost.estimate.estimate import MIN_PROCESSES, GroupEstimate, aa_error, estimate_run
from callcost.estimate.record import SECTION
from callcost.estimate.sheet import NO_WORDS, sheet_of
from callcost.estimate.trust import trust
from callcost.model.contender import Contender
from callcost.model.group import Environment, Group, make_group
from callcost.model.layout import Layout
from callcost.model.plan import Settings
from callcost.model.run import NO_COST, Progress, Run
from callcost.pytest_plugin import summary
from callcost.pytest_plugin.replay import ReplayClock, replay
from callcost.run.coordinator import measure
from callcost.run.delays import NoDelaysError, control_group


@dataclass
class Results:
    """What a session has measured; `environment` is what the suite says about its build."""

    run: Run
    environment: dict[str, Any]

    @cached_property
    def estimates(self) -> dict[str, GroupEstimate]:
        """The estimate of every group that enough processes have timed."""
        return estimate_run(self.run)

    @cached_property
    def aa_error(self) -> float:
        """The A/A error of the run: smaller differences are ties."""
        return aa_error(list(self.estimates.values()))

    @cached_property
    def ranks(self) -> dict[str, dict[int, int]]:
        """The ranks of the contenders, by group and row."""
        return {name: estimate.ranks(self.aa_error) for name, estimate in self.estimates.items()}

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the record says about the run as a whole."""
        return facts.run_facts(self.run, self.estimates, self.environment)


class MeasuringSession:
    """Measures the selected rows, gives each test its times, saves the run and prints its tables.

    Registered as a pytest plugin, so that its hooks are called.
    """

    def __init__(self, config: pytest.Config, rows: Sequence[pytest.Item]) -> None:
        self._config = config
        self._rows = rows
        self._groups = gather_groups(rows)
        self._clock = ReplayClock()
        self._replayed: list[Any] = []
        self._outcome: Results | BaseException | None = None
        self._record_path: Path | None = None
        self._made_files: list[Path] = []
        self._not_saved = ""
        for item in rows:
            # pytest-benchmark reads its timer from the closest of these marks.
            item.add_marker(
                pytest.mark.benchmark(group=marked(item)["group"], timer=self._clock), append=False
            )

    @property
    def _folder(self) -> Path:
        chosen: Path | None = self._config.getoption("callcost_results")
        return chosen or self._config.rootpath / "results"

    def prepare(self) -> None:
        """Makes sure that the run can be measured as asked for, and saved."""
        _ = self._layouts
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe_writable(self._folder)
        except OSError as error:
            raise CallcostError(
                f"the run could not be saved: {self._folder} cannot be written "
                f"({error.strerror}). Name another folder with --callcost-results DIR."
            ) from error

    @property
    def _settings(self) -> Settings:
        settings = Settings()
        if self._config.getoption("quick"):
            settings = settings.quick()
        return settings.changed(
            processes=self._config.getoption("callcost_processes"),
            row_s=self._config.getoption("callcost_row_seconds"),
            silence_s=self._config.getoption("callcost_timeout"),
            stack_places=self._config.getoption("callcost_stack_places"),
            cpu=self._config.getoption("callcost_cpu"),
        )

    def measure(self) -> Results:
        """Measures all rows when it is first called; later calls return the same results.

        Raises what measuring raised, each time.
        """
        if self._outcome is None:
            try:
                self._outcome = self._measure()
            except BaseException as error:
                self._outcome = error
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome

    @property
    def _results(self) -> Results | None:
        """The results, if there are any yet."""
        return self._outcome if isinstance(self._outcome, Results) else None

    def _measure(self) -> Results:
        names = {contender.name for group in self._groups for contender in group.contenders}
        environment = self._config.hook.pytest_callcost_environment(
            config=self._config, contenders=sorted(names)
        )
        capture = self._config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print(file=sys.stderr)
            with ending_clean(), progress.shown(sys.stderr, "callcost") as report:
                results = Results(self._measure_with_delays(report), environment or {})
                said = self._config.hook.pytest_callcost_measured(
                    config=self._config, estimates=results.estimates, report=report
                )
                results.environment |= said or {}
                return results

    @cached_property
    def _layouts(self) -> Sequence[Layout]:
        """The layouts to load; raises CallcostError if there are fewer than asked for."""
        layouts = self._config.hook.pytest_callcost_layouts(config=self._config) or ()
        asked: int | None = self._config.getoption("callcost_layouts")
        if asked is not None and 0 < asked < MIN_PROCESSES:
            raise CallcostError(
                f"--callcost-layouts={asked} is too few for an interval: ask for {MIN_PROCESSES} "
                "or more, or for 0, the files as built."
            )
        places = {group.place for group in self._groups} or {""}
        if "" in places and asked is not None and asked > len(layouts):
            raise CallcostError(
                f"--callcost-layouts={asked} asks for more layouts than the {len(layouts)} that "
                "were linked. Install again with --config-settings layouts=N."
            )
        # Fewer would give no interval.
        return layouts[:asked] if len(layouts) >= MIN_PROCESSES else ()

    def _measure_with_delays(self, report: Callable[[Progress], None]) -> Run:
        """Measures the rows, and the injected delays if they can be made."""
        delays, missing = None, None
        try:
            delays = control_group(self._groups)
        except NoDelaysError as error:
            missing = str(error)
        run = measure(self._groups, self._settings, report, delays, self._layouts)
        run.delays_missing = run.delays_missing or missing
        return run

    def give_times(self, item: pytest.Item, benchmark: Any) -> None:
        """Replays the row's rounds into its `benchmark` fixture; fails the test without times."""
        results = self.measure()
        mark = marked(item)
        group, contender = mark["group"], mark["contender"]
        failure = results.run.failures.get((group, contender.name))
        if failure is not None and failure.kind == NO_COST:
            pytest.skip(f"{failure}")
        if failure is not None:
            pytest.fail(f"{failure}", pytrace=False)
        estimate = results.estimates.get(group)
        if estimate is None:
            pytest.skip("interrupted before enough processes had measured it")
        row = estimate.names.index(contender.name)
        rounds_s = [cost_ns * 1e-9 for cost_ns in estimate.rounds_ns(row)]
        if len(rounds_s) < MIN_PROCESSES:
            pytest.fail(
                f"{group}: {contender.name}: preempted in every epoch of nearly all processes; "
                "measure again on a calmer machine.",
                pytrace=False,
            )
        benchmark.extra_info[SECTION] = facts.contender_facts(estimate, row, results.ranks[group])
        replay(benchmark, self._clock, rounds_s)
        self._replayed.append(benchmark.stats)
        if results.run.interrupted and item is self._rows[-1]:
            item.session.shouldstop = "interrupted while measuring"

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Adds the section of the whole run to every JSON that pytest-benchmark writes."""
        if self._results is not None:
            output_json[SECTION] = self._results.facts

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Saves the run in the results folder, and draws its charts."""
        if self._results is None:
            return
        if self._results.run.interrupted:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        if not self._replayed:
            return
        try:
            document = self._document()
            text = json.dumps(document, separators=(",", ":"), allow_nan=False)
            path = write_new(self._folder / _file_name(document), text + "\n")
            self._record_path = path
            made = self._config.hook.pytest_callcost_saved(config=self._config, path=path)
            self._made_files = [path for paths in made for path in paths]
        except Exception as error:
            # The tables matter more than a file: they are still shown.
            self._not_saved = f"{type(error).__name__}: {error}"
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _document(self) -> dict[str, Any]:
        """Makes pytest-benchmark's JSON of the rows, through its own hooks."""
        config, hook = self._config, self._config.hook
        machine_info = hook.pytest_benchmark_generate_machine_info(config=config)
        hook.pytest_benchmark_update_machine_info(config=config, machine_info=machine_info)
        commit_info = hook.pytest_benchmark_generate_commit_info(config=config)
        hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit_info)
        document: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=config,
            benchmarks=self._replayed,
            include_data=True,
            machine_info=machine_info,
            commit_info=commit_info,
        )
        hook.pytest_benchmark_update_json(
            config=config, benchmarks=self._replayed, output_json=document
        )
        return document

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints callcost's tables below pytest-benchmark's, and where the files are."""
        results = self._results
        if results is None:
            return
        terminalreporter.ensure_newline()
        terminalreporter.section("callcost")
        writer = terminalreporter._tw
        text = summary.render(
            self._shown(results),
            # A pipe has no width.
            width=writer.fullwidth if writer._file.isatty() else PIPE_WIDTH,
            colour=terminalreporter.hasmarkup,
        )
        # If the terminal lacks one character, pytest would escape the whole text.
        encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
        for line in (text, *self._files()):
            terminalreporter.write_line(streams.plain(line, encoding))

    def _shown(self, results: Results) -> summary.Summary:
        """Asks the suite how to show the results."""
        config, hook = self._config, self._config.hook
        summed_up = hook.pytest_callcost_tables(config=config, estimates=results.estimates)
        claimed = {name for names, _ in summed_up for name in names}
        sheets = [
            sheet_of(
                estimate,
                results.aa_error,
                hook.pytest_callcost_wording(config=config, group=name) or NO_WORDS,
            )
            for name, estimate in results.estimates.items()
            if name not in claimed
        ]
        answers = hook.pytest_callcost_answers(
            config=config, sheets=sheets, aa_error=results.aa_error
        )
        return summary.Summary(
            answers=answers or [],
            sheets=sheets,
            legend=hook.pytest_callcost_legend(config=config) or "",
            extra=[table for _, tables in summed_up for table in tables],
            trust=trust(results.run, results.estimates),
        )

    def _files(self) -> Iterator[str]:
        """Yields where the files of the run are, and which are missing."""
        if self._record_path is not None:
            yield f"saved: {os.path.relpath(self._record_path)}"
        elif not self._not_saved:
            yield "Nothing was saved: no row has a result."
        for path in self._made_files:
            yield f"chart: {os.path.relpath(path)}"
        if self._not_saved:
            what = "The run was not saved" if self._record_path is None else "No charts were drawn"
            yield f"{what}: {self._not_saved}"


def gather_groups(rows: Sequence[pytest.Item]) -> list[Group]:
    """Gathers the contenders and floors of the selected rows by group."""
    gathered: dict[str, dict[str, tuple[Contender, bool]]] = {}
    environments: dict[str, Environment | None] = {}
    for item in rows:
        mark = marked(item)
        name, contender = mark["group"], mark["contender"]
        member = contender, mark["floor"]
        members = gathered.setdefault(name, {})
        environments[name] = mark["environment"]
        if members.setdefault(contender.name, member) != member:
            raise CallcostError(f"group {name} has two different contenders {contender.name}")
    return [
        make_group(
            name,
            [contender for contender, is_floor in members.values() if not is_floor],
            [contender for contender, is_floor in members.values() if is_floor],
            environments[name],
        )
        for name, members in gathered.items()
    ]


def _file_name(document: dict[str, Any]) -> str:
    """Names the file of a record by the time and the commit."""
    commit = str(document["commit_info"]["id"])[:8]
    return f"{datetime.now(UTC).strftime('%Y-%m-%dT%H%M%SZ')}_{commit}.json"


def marked(item: pytest.Item) -> dict[str, Any]:
    """Returns what the mark of a row says: group, contender, environment and floor."""
    mark = item.get_closest_marker(SECTION)
    assert mark is not None
    return dict(mark.kwargs)
