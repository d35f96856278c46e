"""Finds the rows that a requirement does not reach: both sides run the same code there.

A requirement may be installed in two versions and have no effect: a project compiles its own
copies of headers, or never imports the package. Such a row says nothing about the requirement. So
if the sides differ in what is installed, both are asked what each call really loads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from callcost.compare.code import same_code
from callcost.paired.rows import BASE, HEAD, PairedRow, Reach, Side
from callcost.revisions.environments import Built
from callcost.run.process import WorkerError, WorkerProcess
from callcost.run.together import together
from callcost.worker import loaded

SURVEY_SILENCE_S = 60.0
HASH_SEED = 0
SAME, DIFFERENT = "the same", "different"

Survey = dict[str, Any]


class LoadedProcess(WorkerProcess):
    """Runs loaded.py on one job."""

    script = Path(loaded.__file__)


def find(
    built: Sequence[Built],
    sides: Mapping[str, Side],
    rows: Sequence[PairedRow],
    report: Callable[[str], None],
) -> Reach:
    """Compares what both sides load for each row, if they differ in a requirement."""
    base, head = built
    requirements = differing(base, head)
    if not requirements or not rows or sides[BASE].build != sides[HEAD].build:
        return Reach()
    report("asking both sides what each call loads")
    surveys = together(lambda name: _survey(sides[name], rows), (BASE, HEAD))
    judge = _Judge(base, head)
    words = {
        row.cell: judge.compare(ours, theirs)
        for row, ours, theirs in zip(rows, *surveys, strict=True)
    }
    return Reach(
        requirements,
        tuple(name for name in requirements if name in _named(base, head)),
        tuple(cell for cell, word in words.items() if word == SAME),
        {cell: word for cell, word in words.items() if word not in (SAME, DIFFERENT)},
    )


def differing(base: Built, head: Built) -> tuple[str, ...]:
    """Lists the requirements whose versions or sources differ."""
    if base.key == head.key:
        return ()
    versions = [
        {canonicalize_name(name): version for name, version in side.versions.items()}
        for side in (base, head)
    ]
    own = _own(base) | _own(head)
    changed = {
        name
        for name in versions[0].keys() | versions[1].keys()
        if versions[0].get(name) != versions[1].get(name)
    }
    return tuple(sorted((changed | _named(base, head)) - own))


def _named(base: Built, head: Built) -> set[str]:
    """Lists what only one SPEC requires, or both SPECs in different words."""
    texts = set(base.spec.requirements) ^ set(head.spec.requirements)
    return {canonicalize_name(Requirement(text).name) for text in texts}


def _own(side: Built) -> set[str]:
    """Lists the names of the project itself, which was installed from its worktree."""
    # The file has the path as a URL; the folder's name is the same in both forms.
    mark = Path(side.worktree).parent.name
    found = {
        path.parent.name.partition("-")[0]
        for path in side.site.glob("*.dist-info/direct_url.json")
        if mark and mark in path.read_text(encoding="utf-8")
    }
    return set(map(canonicalize_name, found))


def _survey(side: Side, rows: Sequence[PairedRow]) -> list[Survey]:
    """Asks a side what each row loads; a process that dies leaves a doubt."""
    job = {
        "contenders": [asdict(row.on(side.name)) for row in rows],
    }
    found: list[Survey] = []
    try:
        with LoadedProcess(side.python, job, HASH_SEED, SURVEY_SILENCE_S) as process:
            found += [event for event in process.events() if event["event"] == "survey"]
    except WorkerError as error:
        found += [{"doubts": [str(error)]}] * (len(rows) - len(found))
    return found


class _Judge:
    """Compares what two environments load, each file once."""

    def __init__(self, base: Built, head: Built) -> None:
        self._sides = (base, head)
        self._known: dict[str, bool] = {}
        # Modules name the folder as it was given, the kernel without links.
        self._roots = tuple((side.folder, side.folder.resolve()) for side in self._sides)
        self._folders = tuple(
            [*filter(None, [side.worktree]), *map(str, roots)]
            for side, roots in zip(self._sides, self._roots, strict=True)
        )

    def compare(self, base: Survey, head: Survey) -> str:
        """Returns SAME, DIFFERENT, or why neither is known."""
        doubts = [*base["doubts"], *head["doubts"]]
        if doubts:
            return str(doubts[0])
        files = [
            {_place(Path(path), roots) for path in survey["files"]}
            for survey, roots in zip((base, head), self._roots, strict=True)
        ]
        if files[0] != files[1] or base["looked_for"] != head["looked_for"]:
            return DIFFERENT
        try:
            return SAME if all(map(self._is_same, sorted(files[0]))) else DIFFERENT
        except OSError as error:
            return f"{error.filename} cannot be read ({error.strerror})"

    def _is_same(self, place: str) -> bool:
        # An absolute path is the same file on both sides.
        if place not in self._known:
            base, head = (side.folder / place for side in self._sides)
            self._known[place] = base == head or same_code(base, head, self._folders)
        return self._known[place]


def _place(path: Path, roots: Sequence[Path]) -> str:
    """Returns a file's place in the environment, or its whole path if it is elsewhere."""
    for root in roots:
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return str(path)
