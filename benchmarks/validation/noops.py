"""Measures what `callcost compare` says of commits that change no call.

Run as `python -m callcost.benchmarks.validation.noops --json results/noops.json` in a checkout.
Each commit adds something to five mechanisms that no call runs, or renames what no caller names. It
is compared in many layouts, and as built (`--one-layout`). The record is saved after each commit.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from callcost.benchmarks.validation import study
from callcost.benchmarks.validation.study import Record
from callcost.console.front import Front
from callcost.paired.verdict import SLOWER
from callcost.run import machine

# Five mechanisms, and the source of each that gets something more.
SOURCES = {
    "boost_python": "python.cpp",
    "cpython_fastcall": "numbers.c",
    "cpython_varargs": "numbers.c",
    "nanobind_module": "module.cpp",
    "pybind11_module": "module.cpp",
}
WORKLOADS = (
    *("get_pi", "fibonacci", "constant", "half_of", "negate", "add_two", "add_four", "add_eight"),
    *("text_*", "bytes_16", "list_100", "split_digits", "mirror", "tally_increment"),
)
THRESHOLD_PERCENT = 0.5
# About a second for each row.
BUDGET_S = 85
SIZES = (16, 48, 200, 1000, 4000)
INCLUDE = re.compile(r"^#include .*\n", re.MULTILINE)
DEFINITION = re.compile(r"^\w[\w:<>*&, ]*?\b(\w+)\([^;{]*?\)\n?\s*\{", re.MULTILINE)
# Named in other files, or by templates.
KEPT = {"add_numbers", "begin", "elements", "size"}


def add_function(source: str, size: int) -> str:
    """Adds a function of so many bytes that nothing calls, before all others."""
    text = (
        f"__attribute__((used)) static void unused_{size}(void)\n"
        f'{{\n    __asm__ volatile(".rept {size}\\n\\tnop\\n\\t.endr");\n}}\n'
    )
    place = [*INCLUDE.finditer(source)][-1].end()
    return source[:place] + text + source[place:]


def rename(source: str) -> str:
    """Renames the functions of the file that no other file calls."""
    for name in set(DEFINITION.findall(source)) - KEPT:
        source = re.sub(rf"\b{name}\b", f"{name}_renamed", source)
    return source


COMMITS: dict[str, Callable[[str], str]] = {
    **{f"an unused function of {size} bytes": partial(add_function, size=size) for size in SIZES},
    "renamed functions": rename,
}


@click.command(cls=Front)
@study.json_option
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(min=1))
def main(json_file: Path, rounds: int) -> None:
    """Compare commits that change no call."""
    record: Record = {
        "threshold_percent": THRESHOLD_PERCENT,
        "mechanisms": [*SOURCES],
        "workloads": WORKLOADS,
        "machine": machine.identity(),
        "commits": {},
    }
    with tempfile.TemporaryDirectory(prefix="callcost-") as folder:
        clone = study.Clone(Path(folder))
        for number, change in enumerate(COMMITS.values()):
            clone.commit(f"noop-{number}", partial(_change, clone.folder, change), "origin/HEAD")
        for _ in range(rounds):
            for number, name in enumerate(COMMITS):
                for kind, options in (("layouts", ()), ("one_layout", ("--one-layout",))):
                    found = _compare(clone, f"noop-{number}", *options)
                    record["commits"].setdefault(name, {}).setdefault(kind, []).append(found)
                    click.echo(f"{name}, {kind}: slower: {found[SLOWER]}", err=True)
                study.save(json_file, record)


def _change(checkout: Path, change: Callable[[str], str]) -> None:
    for mechanism, name in SOURCES.items():
        path = checkout / "bindings" / mechanism / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _compare(clone: study.Clone, head: str, *options: str) -> Record:
    document, wall_s = clone.compare(
        "origin/HEAD", head, *study.chosen(SOURCES, WORKLOADS), *options,
        f"--threshold={THRESHOLD_PERCENT}", f"--budget={BUDGET_S}", "--no-instructions",
    )  # fmt: skip
    return study.summary(document, wall_s)


if __name__ == "__main__":
    main()
