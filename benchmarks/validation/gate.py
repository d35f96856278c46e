"""Measures how often `callcost compare` is wrong, and how often other harnesses are.

Run as `python -m callcost.benchmarks.validation.gate --json results/gate.json` in a checkout. Each
round compares a revision with itself (built once or twice), with one that was slowed down by 2%,
and with one by 1%. Then pytest-benchmark and pyperf judge the same rows. At the end, it compares
while every CPU is busy. The record is saved after each round.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from callcost.benchmarks.validation import planted, study
from callcost.benchmarks.validation.gate_peers import PEERS
from callcost.benchmarks.validation.planted import CHOICES, MECHANISM, WORKLOAD
from callcost.benchmarks.validation.study import Record
from callcost.compare import flow
from callcost.console.front import Front
from callcost.instructions import callgrind
from callcost.model.instructions import Count
from callcost.paired.rows import Cell, PairedRow
from callcost.paired.suite import find_suite
from callcost.revisions.environments import Built, Recipe, build_all
from callcost.revisions.spec import parse
from callcost.run import machine

MECHANISMS = ("ctypes_cdll", "cffi_api", "cpython_fastcall", "cython_def", MECHANISM)
WORKLOADS = ("get_pi", "fibonacci", WORKLOAD)
PLANTED_ROW = f"{WORKLOAD}-{MECHANISM}"
SHARES = {"2%": 0.02, "1%": 0.01}
THRESHOLD_PERCENT = 0.5
LOADED_RUNS = 4
WITH = "+pyperf"


@click.command(cls=Front)
@study.json_option
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("--peers/--no-peers", "with_peers", default=True)
@click.option("--cold-only", is_flag=True, help="Only add a comparison from empty caches.")
def main(json_file: Path, rounds: int, with_peers: bool, cold_only: bool) -> None:
    """Compare revisions whose difference is known, many times."""
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        lab = Lab(Path(name), json_file)
        lab.commit_bases()
        lab.cold()
        if cold_only:
            return
        lab.prepare()
        for number in range(rounds):
            lab.round(number, with_peers)
        lab.loaded()


class Lab:
    """A clone with the planted revisions, and the record of the study."""

    def __init__(self, folder: Path, json_file: Path) -> None:
        self._folder = folder
        self._json_file = json_file
        # Keeping them keeps their locks.
        self._built: list[Built] = []
        self._clone = study.Clone(folder)
        self._record: Record = json.loads(json_file.read_text()) if json_file.exists() else {}

    def commit_bases(self) -> None:
        """Makes the base, and a copy of it with another tree."""
        self._clone.commit("base", lambda: planted.plant(self._clone.folder, 0))
        self._clone.commit("copy", lambda: (self._clone.folder / "NOTES").write_text("A tree."))

    def cold(self) -> None:
        """Compares once with an empty cache, both builds included."""
        with tempfile.TemporaryDirectory(prefix="callcost-") as cache:
            self._record["cold"] = self._run("base", "copy", {"CALLCOST_CACHE": cache})
        self._save()

    def prepare(self) -> None:
        """Begins the record, and makes a revision for each share to plant."""
        base, _ = self._build("base", "copy")
        costs = planted.costs_in_c(base.python)
        self._record = {
            "threshold_percent": THRESHOLD_PERCENT,
            "mechanisms": MECHANISMS,
            "workloads": WORKLOADS,
            "planted_row": PLANTED_ROW,
            "machine": machine.identity(),
            "planted": {},
            "runs": {},
            "peers": {},
            "costs_in_c": costs,
            "cold": self._record["cold"],
        }
        for name, share in SHARES.items():
            steps = planted.choose(costs, share)
            self._plant(name, steps, costs[steps])

    def _plant(self, name: str, steps: int, in_c: float) -> None:
        revision = _revision(name)
        index = CHOICES.index(steps)
        self._clone.commit(
            revision, lambda: planted.plant(self._clone.folder, index), "origin/HEAD"
        )
        before, after = (self._instructions(made) for made in self._build("base", revision))
        self._record["planted"][name] = {
            "steps": steps,
            "share_timed_in_c": in_c,
            "instructions": [before, after],
        }

    def _build(self, *revisions: str) -> list[Built]:
        specs = [parse(revision + WITH, self._clone.folder) for revision in revisions]
        built = build_all(
            specs,
            self._clone.folder,
            lambda line: click.echo(line, err=True),
            # The environments that the comparisons use.
            recipe=Recipe(layouts=flow.LAYOUTS),
        )
        self._built += built
        return built

    def _instructions(self, made: Built) -> float | str:
        offer = find_suite(self._clone.folder).offer(made.site)
        cell = Cell(WORKLOAD, MECHANISM)
        found = callgrind.count(made.python, {cell: offer.contenders[cell]})[cell]
        return found.instructions if isinstance(found, Count) else str(found)

    def round(self, number: int, with_peers: bool) -> None:
        """Compares each pair of revisions once, and has the peers judge the same rows."""
        self._compare("same", "base", "base" if number % 2 else "copy")
        for name in SHARES:
            self._compare(name, "base", _revision(name))
        self._save()
        if with_peers:
            self._judge(number)
            self._save()

    def _judge(self, number: int) -> None:
        base, head = self._build("base", _revision("2%"))
        contenders = find_suite(self._clone.folder).offer(base.site).contenders
        cells = [Cell(workload, mechanism) for workload in WORKLOADS for mechanism in MECHANISMS]
        rows = {str(cell): PairedRow(cell, contenders[cell], contenders[cell]) for cell in cells}
        for name, (judge, every) in PEERS.items():
            if number % every == 0:
                folder = self._folder / f"{judge.__name__}-{number}"
                folder.mkdir()
                for label, alarms in judge(rows, base.python, head.python, folder).items():
                    self._record["peers"].setdefault(f"{name}, {label}", []).append(alarms)

    def loaded(self) -> None:
        """Compares a revision with itself while every CPU is busy."""
        for number in range(LOADED_RUNS):
            with ExitStack() as stack:
                for _ in range(os.cpu_count() or 1):
                    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                    stack.callback(busy.wait)
                    stack.callback(busy.kill)
                self._compare("same, loaded", "base", "base" if number % 2 else "copy")
            self._save()

    def _compare(self, label: str, base: str, head: str) -> None:
        found = self._run(base, head)
        self._record["runs"].setdefault(label, []).append(found)
        click.echo(f"{label}: exit {found['exit_code']}, slower: {found['slower']}", err=True)

    def _run(self, base: str, head: str, variables: dict[str, str] | None = None) -> Record:
        """Compares, and returns a summary of what was found."""
        document, wall_s = self._clone.compare(
            base + WITH, head + WITH, *study.chosen(MECHANISMS, WORKLOADS),
            f"--threshold={THRESHOLD_PERCENT}", "--no-instructions", variables=variables,
        )  # fmt: skip
        return study.summary(document, wall_s)

    def _save(self) -> None:
        study.save(self._json_file, self._record)


def _revision(name: str) -> str:
    return f"planted-{name.rstrip('%')}"


if __name__ == "__main__":
    main()
