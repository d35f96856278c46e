"""The JSON of a comparison, as far as a comment shows it, checked field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from callcost.compare.outcome import Counts
from callcost.estimate.layouts import NotNegative, Number
from callcost.estimate.reading import checked, other_kind, read_json, refuse_odd

VERSION = 1
ADVICE = "give the file that callcost compare REV REV --json wrote"


class RowLayout(Struct):
    """One row; shares of the base as in a verdict, None if unknown."""

    workload: str
    mechanism: str
    verdict: Literal["slower", "faster", "could not be decided", "not slower", "same"]
    change: Annotated[list[Number | None], Meta(min_length=3, max_length=3)]
    base_ns: NotNegative | None
    head_ns: NotNegative | None
    threshold: NotNegative
    spread: NotNegative | None
    instructions: Counts | None


class SideLayout(Struct):
    """A side as the user wrote it."""

    text: str


class FailureLayout(Struct):
    """Why a row has no result."""

    cell: str
    side: Literal["base", "head"]
    kind: str
    message: str


class Document(Struct):
    """What a comment shows of a comparison."""

    exit_code: Literal[0, 1, 2, 3]
    headline: str
    threshold: NotNegative
    base: SideLayout
    head: SideLayout
    rows: list[RowLayout]
    failures: list[FailureLayout]
    options: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def of(self, *words: str) -> list[RowLayout]:
        """Lists the rows with one of these verdicts, in the order of the words."""
        return [row for word in words for row in self.rows if row.verdict == word]

    @property
    def head_failures(self) -> list[FailureLayout]:
        """The rows that fail in head."""
        return [failure for failure in self.failures if failure.side == "head"]


def read(path: Path) -> Document:
    """Reads a file that `--json` wrote and that anybody may have changed; raises RecordError."""
    content: Any = read_json(path)
    if not isinstance(content, dict) or content.get("callcost_compare") != VERSION:
        raise other_kind(path, content, "a comparison of two revisions", ADVICE)
    refuse_odd(path, content, "")
    return checked(path, content, Document)
