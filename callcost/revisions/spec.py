"""The text of a SPEC: a revision, an interpreter, and requirements that replace the project's.

    REV[@PYTHON][+REQUIREMENT[,REQUIREMENT...]]

A branch may be called `feature/c++`, a tag `tool@1.2`. An interpreter may lie in a folder with a
plus in its name, and a requirement may hold either sign (`tool@git+https://...`). So `parse` tries
every way to cut the text at these signs, and takes the **longest revision that git knows**. The
whole text counts as a revision too: a branch `main+numpy` wins over `main` with numpy. If git
knows none of them, the shortest is taken, for the clearest error message. Among cuts with equal
revisions, the interpreter is the longest that is an existing file, or else the shortest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from callcost.revisions.errors import SpecError
from callcost.revisions.source import WORKING_TREE, knows

FORM = "REV[@PYTHON][+REQUIREMENT[,REQUIREMENT...]]"
# After a comma, one of these continues a requirement's versions: numpy>=1.26,<3
GOES_ON = re.compile(r"\s*(===|==|!=|~=|<=|>=|<|>)")
# An interpreter that is not a path: 3.13, pypy3.9. A brace belongs to git: main@{1}
PLAIN_PYTHON = re.compile(r"[\w.-]+")
# Git silently reads main@{1}@3.12 as main@{1}.
BRACE_GOES_ON = re.compile(r"\}[@+](?!\{)")


@dataclass(frozen=True)
class Spec:
    """One side of a comparison, as the user wrote it."""

    text: str
    revision: str
    python: str | None
    requirements: tuple[str, ...]


def parse(text: str, project: Path | None = None) -> Spec:
    """Reads a SPEC, with git's help in the project's folder (default: the current one).

    Raises SpecError for a missing revision or an invalid requirement.
    """
    cuts = list(_cuts(text))
    if not text.strip() or not cuts:
        raise SpecError(_complaint(text))
    folder = project or Path.cwd()
    known = {revision: knows(folder, revision) for revision in {cut.revision for cut in cuts}}
    if any(known.values()):
        return max((cut for cut in cuts if known[cut.revision]), key=_preference)
    if reason := _malformed(folder, text):
        raise SpecError(reason)
    shortest = min(len(cut.revision) for cut in cuts)
    return max((cut for cut in cuts if len(cut.revision) == shortest), key=_preference)


def _preference(cut: Spec) -> tuple[int, bool, int]:
    python = cut.python or ""
    exists = "/" in python and Path(python).expanduser().is_file()
    return len(cut.revision), exists, len(python) if exists else -len(python)


def _cuts(text: str) -> Iterator[Spec]:
    """Yields each well-formed way to read the text."""
    for front, requirements in _ends(text, "+"):
        try:
            wanted = () if requirements is None else split_requirements(requirements)
        except InvalidRequirement:
            continue
        for revision, python in _ends(front, "@"):
            sound = revision.strip() and not BRACE_GOES_ON.search(revision)
            if sound and (python is None or "/" in python or PLAIN_PYTHON.fullmatch(python)):
                yield Spec(text, revision, python, wanted)


def _ends(text: str, sign: str) -> Iterator[tuple[str, str | None]]:
    """Yields the whole text, and the text cut in two at each sign."""
    yield text, None
    for match in re.finditer(re.escape(sign), text):
        yield text[: match.start()], text[match.end() :]


def split_requirements(text: str) -> tuple[str, ...]:
    """Splits requirements at the commas between them; raises InvalidRequirement."""
    pieces: list[str] = []
    for piece in text.split(","):
        inside = pieces and pieces[-1].count("[") > pieces[-1].count("]")
        if pieces and (inside or GOES_ON.match(piece)):
            pieces[-1] += f",{piece}"
        else:
            pieces.append(piece)
    return tuple(map(_canonical, pieces))


def _canonical(text: str) -> str:
    """Normalizes the name in a requirement: Cython and cython are one."""
    requirement = Requirement(text)
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)


def _malformed(folder: Path, text: str) -> str | None:
    """Says what is wrong after a revision that git knows; None if it knows none."""
    fronts = [front for sign in "@+" for front, rest in _ends(text, sign) if rest is not None]
    known = [front for front in fronts if front.strip() and knows(folder, front)]
    if not known:
        return _complaint(text) if text[0] in "@+" else None
    front = max(known, key=len)
    rest = text[len(front) + 1 :]
    if text[len(front)] == "@" and rest.partition("+")[0] == "":
        return f"{text} has no interpreter after the @: write {FORM}"
    try:
        split_requirements(rest.partition("+")[2] if text[len(front)] == "@" else rest)
    except InvalidRequirement as error:
        return f"{text} has an invalid requirement ({str(error).splitlines()[0]})"
    return None


def _complaint(text: str) -> str:
    """Says what is wrong with a text that has no revision."""
    if text.strip() and text[0] in "@+":
        return (
            f"{text} has no revision: write {FORM}, with {WORKING_TREE} for the working tree, "
            f"as in {WORKING_TREE}{text}"
        )
    return f"{text!r} is not a revision with an interpreter or requirements: write {FORM}"
