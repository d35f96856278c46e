"""The guided tour, docs/under-the-hood.md: runs its chapters, and writes what they print into it.

`python -m callcost.benchmarks.publish.tour [CHAPTER ...]` rewrites the page; tests compare it.

The page has two kinds of fenced blocks. A `console` block has commands, each behind `$ ` (further
lines behind `> `), with what it printed below. Any other block is a file, if its path and a colon
come right before it, or part of a file, if `From` comes before the path. In an output, `...`
matches any text; on its own line, any lines. Right below `<!-- varies: numbers -->`, a number
matches any other.

Each chapter runs in a fresh folder, after the commands before the first chapter. A command must end
with exit code 0; the page uses `echo "exit code $?"` to show another.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from callcost.console.files import write_atomically
from callcost.console.front import Front
from callcost.errors import CallcostError

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "under-the-hood.md"
COMMAND_TIMEOUT_S = 120

HEADING = re.compile(r"^## (\d+\. .+)\n", re.MULTILINE)
NEEDS = re.compile(r"^\*Needs (.+)\.\*$", re.MULTILINE)
VARIES = re.compile(r"<!-- varies: (.+) -->\n\Z")
CAPTION = re.compile(r"^(From )?`([\w./-]+)`:\n\n\Z", re.MULTILINE)
ANY_FENCE = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[^\n]*)\n"))

DOTS = "..."
# What matches what in a block whose numbers vary. A middle dot is how a table writes zero; columns
# and rules may have any width.
NUMBER = r"(?:0x[0-9a-f]+|\d+(?:[.,]\d+)*|·)"
VARYING = re.compile(rf"(?P<number>{NUMBER})|(?P<columns>  +)|(?P<space> )|(?P<rule>─+)")
STAND_FOR = {"number": NUMBER, "columns": " *", "space": " +", "rule": "─+"}


class TourError(CallcostError):
    """The page breaks its rules, or one of its commands fails."""


@dataclass(frozen=True)
class Session:
    """A console block: commands with their outputs, and whether numbers vary."""

    steps: tuple[tuple[str, str], ...]
    varies: bool


@dataclass(frozen=True)
class Excerpt:
    """Any other block: a file of the chapter's folder, or a part of it."""

    path: str
    whole: bool
    text: str


@dataclass(frozen=True)
class Chapter:
    """A heading, what its commands need, and its blocks, those of the set-up first."""

    title: str
    needs: tuple[str, ...]
    examples: tuple[Example, ...]

    @property
    def number(self) -> int:
        """The number before the title."""
        return int(self.title.partition(".")[0])

    def missing(self) -> str | None:
        """Say what this machine lacks to run the chapter; None if nothing."""
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            return "the tour is about Linux on x86-64"
        lacking = [need for need in self.needs if not is_there(need)]
        return f"not found: {', '.join(lacking)}" if lacking else None

    def run(self, folder: Path, checkout: Path) -> None:
        """Run the chapter in an empty folder; raise SybilFailure at the first wrong block."""
        for example in self.examples:
            example.namespace.update(folder=folder, checkout=checkout)
            example.evaluate()


def is_there(need: str) -> bool:
    """Say whether this machine has a C header, a program, or this version of Python."""
    if found := re.fullmatch(r"Python (\d+)\.(\d+)", need):
        return sys.version_info[:2] == (int(found[1]), int(found[2]))
    if need.endswith(".h"):
        command = ["cc", "-fsyntax-only", "-include", need, "-x", "c", os.devnull]
        return is_there("cc") and subprocess.run(command, capture_output=True).returncode == 0
    return shutil.which(need, path=search_path()) is not None


def search_path() -> str:
    """Return PATH as in an activated environment of this interpreter."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


# Reading the page.


def headings(document: Document) -> Iterable[Region]:
    """Find where chapters begin. A heading has nothing to evaluate."""
    for found in HEADING.finditer(document.text):
        yield Region(found.start(), found.end(), parsed=found[1])


def blocks(document: Document) -> Iterable[Region]:
    """Find every fenced block; raise TourError for one of neither kind."""
    for region in ANY_FENCE(document):
        # The lexeme lacks the indentation that all lines share.
        block = document.text[region.start : region.end].splitlines(keepends=True)
        source = "".join(block[1:-1])
        caption = CAPTION.search(document.text, 0, region.start)
        if region.lexemes["language"] == "console":
            varies = VARIES.search(document.text, 0, region.start)
            if varies and varies[1] != "numbers":
                place = document.line_column(region.start)
                raise TourError(f"{place}: only numbers can vary, not {varies[1]}")
            region.parsed = Session(tuple(read_steps(source)), varies is not None)
            region.evaluator = check_session
        elif caption:
            region.parsed = Excerpt(caption[2], caption[1] is None, source)
            region.evaluator = check_excerpt
        else:
            place = document.line_column(region.start)
            raise TourError(f"{place}: this block is neither a console nor a file")
        yield region


def read_steps(source: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block, with its prompts, and its output."""
    for step in re.split(r"^(?=\$ )", source, flags=re.MULTILINE)[1:]:
        lines = step.splitlines()
        end = 1
        while lines[end - 1].endswith("\\"):
            end += 1
        yield "\n".join(lines[:end]), tidy("\n".join(lines[end:]))


def parse(page: Path) -> list[Chapter]:
    """Read a page into chapters."""
    document = Sybil(parsers=[headings, blocks]).parse(page)
    parts: list[list[Example]] = [[]]
    for example in document.examples():
        if example.region.evaluator is None:
            parts.append([])
        parts[-1].append(example)
    setup, *chapters = parts
    return [
        Chapter(heading.parsed, tuple(needs_of(document, heading)), (*setup, heading, *examples))
        for heading, *examples in chapters
    ]


def needs_of(document: Document, heading: Example) -> list[str]:
    """Read what a chapter needs from the line in italics below its heading, if there is one."""
    found = NEEDS.search(document.text[heading.end :].partition("\n## ")[0])
    return re.findall(r"`([^`]+)`", found[1]) if found else []


# Running it.


def run_command(prompted: str, folder: Path, checkout: Path) -> str:
    """Run a command, given with its prompts, and return what a terminal would show.

    Raise TourError for an exit code other than 0, and for a command that does not end.
    """
    command = re.sub(r"^[$>] ", "", prompted, flags=re.MULTILINE)
    with subprocess.Popen(
        command,
        shell=True,
        cwd=folder,
        env=environment(checkout),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=COMMAND_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise TourError(f"{prompted}\ndid not end within {COMMAND_TIMEOUT_S} s") from None
        finally:
            # Processes that the shell started would keep the pipe open.
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
    # A reader's folder has another name.
    printed = tidy(output.replace(f"{folder}/", ""))
    if shell.returncode:
        raise TourError(f"{prompted}\n{printed}\nended with exit code {shell.returncode}")
    return printed


def environment(checkout: Path) -> dict[str, str]:
    """Return the environment of commands, without variables that change what they print."""
    dropped = ("PYTHON", "LD_", "CPATH", "C_INCLUDE", "LIBRARY_PATH", "CALLCOST_", "COV_", "PYTEST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    told = {"PATH": search_path(), "CHECKOUT": str(checkout), "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
    return {**kept, **told, "NO_COLOR": "1", "TERM": "dumb"}


def tidy(text: str) -> str:
    """Remove blanks at the ends of lines, and empty lines around the text."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def fit(shown: str, printed: str, varies: bool) -> str | None:
    """Return an output as the page should show it; None if it does not match the page.

    Keep each `...` of the page, and take numbers that vary from the output.
    """
    parts = shown.split(DOTS)
    pattern = f"({pattern_of(parts[0], varies)})"
    for before, after in pairwise(parts):
        alone = not (before.rpartition("\n")[2] + after.partition("\n")[0]).strip()
        anything = r"(?:.|\n)*?" if alone else ".*?"
        pattern += f"{anything}({pattern_of(after, varies)})"
    found = re.fullmatch(pattern, printed)
    return None if found is None else DOTS.join(found.groups())


def pattern_of(text: str, varies: bool) -> str:
    """Return a pattern for a text, which matches other numbers if they vary."""
    if not varies:
        return re.escape(text)
    parts, end = [], 0
    for found in VARYING.finditer(text):
        parts += [re.escape(text[end : found.start()]), STAND_FOR[found.lastgroup or ""]]
        end = found.end()
    return "".join([*parts, re.escape(text[end:])])


def check_session(example: Example) -> str | None:
    """Run the commands of a console block; return what is wrong with an output, if anything."""
    session: Session = example.parsed
    names = example.namespace
    for command, shown in session.steps:
        try:
            printed = run_command(command, names["folder"], names["checkout"])
        except TourError as error:
            return str(error)
        if fit(shown, printed, session.varies) is None:
            return f"{command}\nThe page shows:\n{shown}\nThe command printed:\n{printed}"
    return None


def check_excerpt(example: Example) -> str | None:
    """Compare a block with the file that it shows; return what is wrong, if anything."""
    excerpt: Excerpt = example.parsed
    text = (example.namespace["folder"] / excerpt.path).read_text(encoding="utf-8")
    right = excerpt.text == text if excerpt.whole else f"\n{excerpt.text}" in f"\n{text}"
    return None if right else f"{excerpt.path} does not contain this text"


# Rewriting it.


def rewritten(example: Example, folder: Path) -> str:
    """Run a block and return what it should show."""
    block = example.document.text[example.start : example.end]
    fence = block.splitlines()[0]
    if isinstance(example.parsed, Session):
        return f"{fence}\n{rewritten_session(example.parsed, folder)}```"
    if isinstance(example.parsed, Excerpt) and example.parsed.whole:
        return f"{fence}\n{(folder / example.parsed.path).read_text(encoding='utf-8')}```"
    return block


def rewritten_session(session: Session, folder: Path) -> str:
    """Run the commands of a console block and return its text with what they printed."""
    lines = []
    for command, shown in session.steps:
        printed = run_command(command, folder, ROOT)
        if re.search(r"^(\$ |```)", printed, re.MULTILINE):
            raise TourError(f"{command}\nA console block cannot show what it printed:\n{printed}")
        fitting = fit(shown, printed, session.varies)
        lines += [command, elided(shown, printed, session.varies) if fitting is None else fitting]
    return "".join(f"{line}\n" for line in lines if line)


def elided(shown: str, printed: str, varies: bool) -> str:
    """Shorten a new output where the page does, if it still has the lines around the gap."""
    lines, told = printed.splitlines(), shown.splitlines()
    kept: list[str] = []
    place = 0
    for i in (i for i, line in enumerate(told) if line.strip() == DOTS):
        before = find(told[i - 1], lines, place, varies) if i else place - 1
        after: int | None = len(lines)
        if i + 1 < len(told) and before is not None:
            after = find(told[i + 1], lines, before + 1, varies)
        if before is not None and after is not None:
            kept += [*lines[place : before + 1], told[i]]
            place = after
    dotted = [line for line in told if DOTS in line and line.strip() != DOTS]
    return "\n".join(
        next(filter(None, (fit(each, line, varies) for each in dotted)), line)
        for line in [*kept, *lines[place:]]
    )


def find(told: str, lines: list[str], start: int, varies: bool) -> int | None:
    """Return the number of the first line from `start` on that matches the page's."""
    fitting = (i for i in range(start, len(lines)) if fit(told, lines[i], varies) is not None)
    return next(fitting, None)


def rewrite(page: Path, numbers: set[int]) -> Iterator[str]:
    """Write into a page what its chapters print now, all of them or those with these numbers.

    Yield a sentence per chapter. At the end raise TourError for those that failed; they keep their
    text.
    """
    text = page.read_text(encoding="utf-8")
    changes: dict[tuple[int, int], str] = {}
    failures = []
    for chapter in parse(page):
        if numbers and chapter.number not in numbers:
            continue
        if reason := chapter.missing():
            yield f"{chapter.title}: unchanged, {reason}"
            continue
        try:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name).resolve()
                changes |= {(e.start, e.end): rewritten(e, folder) for e in chapter.examples}
            yield f"{chapter.title}: written"
        except TourError as error:
            failures.append(f"{chapter.title}: unchanged\n{error}")
    for (start, end), new in sorted(changes.items(), reverse=True):
        text = text[:start] + new + text[end:]
    write_atomically(page, text)
    if failures:
        raise TourError("\n".join(failures))


@click.command(cls=Front)
@click.argument("chapters", nargs=-1, type=int)
def main(chapters: tuple[int, ...]) -> None:
    """Rewrite the page: all of it, or these CHAPTERS."""
    for sentence in rewrite(PAGE, set(chapters)):
        click.echo(sentence)


if __name__ == "__main__":
    main()
