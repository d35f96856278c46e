"""Shows the sources of mechanisms: whole files with highlighting, and the lines about a call."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import STANDARD_TYPES, Comment, Keyword, Number, String
from pygments.util import ClassNotFound

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.bindings.registry import FOLDER, PACKAGE, Mechanism

SUFFIXES = {".py", ".pyx", ".pxd", ".c", ".h", ".cpp", ".rs", ".i", ".toml"}
# Written by a tool, or about another command.
LEFT_OUT = {"_generated.py", "rules.toml"}
# A block longer than this is shown by its first line and those that matter.
SHORT = 4
OMITTED = "…"
COMMENTS = ("/*", "*", "//", "#[", "///", "@", "#")
# Every token in a span of its own makes a page five times as large; names look alike anyhow.
COLOURED = (Comment, Keyword, Number, String)


@dataclass(frozen=True)
class Source:
    """A file of a mechanism: its name in the folder, its text, and its text highlighted."""

    name: str
    text: str
    html: Markup


class _Formatter(HtmlFormatter[str]):
    """Marks up what is coloured, by its short class alone."""

    def _get_css_class(self, ttype: Any) -> str:
        for kind in COLOURED:
            if ttype in kind:
                return STANDARD_TYPES[kind]
        return ""


def files(mechanism: Mechanism) -> list[Source]:
    """Reads the files of a mechanism's folder, what exposes its functions first."""
    found = [path for path in mechanism.folder.rglob("*") if _is_source(path)]
    ordered = sorted(found, key=lambda path: (path.name != "__init__.py", path.as_posix()))
    return [_source(path, path.relative_to(mechanism.folder).as_posix()) for path in ordered]


def shared_files(mechanism: Mechanism, depends: Iterable[str]) -> list[Source]:
    """Reads what a mechanism is made from in other folders; named by their place in bindings/.

    `depends` are installed names, as the manifest of the build has them.
    """
    package = f"{PACKAGE.replace('.', '/')}/"
    places = (name.removeprefix(package) for name in depends if name.startswith(package))
    others = (place for place in places if not place.startswith(f"{mechanism.name}/"))
    paths = {place: FOLDER / place for place in sorted(others) if ".." not in Path(place).parts}
    return [
        _source(path, place)
        for place, path in paths.items()
        if path.is_file() and path.name != "build.py"
    ]


def _is_source(path: Path) -> bool:
    return path.suffix in SUFFIXES and path.name not in LEFT_OUT and "target" not in path.parts


def _source(path: Path, name: str) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(name, text, marked_up(text, name))


@cache
def marked_up(text: str, name: str) -> Markup:
    """Highlights source text by the language of a file's name."""
    return Markup(highlight(text, _lexer(name), _Formatter(nowrap=True)))


def _lexer(name: str) -> Lexer:
    try:
        return get_lexer_for_filename(name, stripnl=False)
    except ClassNotFound:
        # SWIG's interface files are C with directives.
        return get_lexer_for_filename("file.c", stripnl=False)


def c_source(workload: Workload) -> Markup:
    """Returns the C that a workload arrives at: what the header says of it, and the function."""
    about = _About({workload.c_name})
    texts = [(native.FOLDER / file).read_text(encoding="utf-8") for file in ("core.h", "core.c")]
    return marked_up("\n\n".join(map(about.in_c, texts)), "core.c")


def excerpt(sources: Iterable[Source], workload: Workload) -> list[Source]:
    """Picks from a mechanism's files the lines that are about a workload's function."""
    about = _About({workload.function, workload.c_name})
    found = []
    for source in sources:
        if source.name == "build.py":
            continue
        text = about.in_python(source.text) if _is_python(source) else about.in_c(source.text)
        if text:
            found.append(Source(source.name, text, marked_up(text, source.name)))
    return found


def _is_python(source: Source) -> bool:
    return source.name.endswith(".py")


class _About:
    """Finds what of a text is about some names, with or without a prefix such as py_."""

    def __init__(self, names: set[str]) -> None:
        every = {name for workload in WORKLOADS for name in (workload.function, workload.c_name)}
        self._own, self._others = _any_of(names), _any_of(every - names)

    def in_python(self, text: str) -> str:
        """Joins the statements of a module that are about the names; imports say nothing."""
        lines = text.split("\n")
        found = []
        for statement in ast.parse(text).body:
            block = "\n".join(lines[_start(statement) - 1 : statement.end_lineno])
            if not isinstance(statement, ast.Import | ast.ImportFrom | ast.Expr):
                found.append("" if self._is_alias(statement) else self._cut(block))
        return "\n".join(filter(None, found))

    def _is_alias(self, statement: ast.stmt) -> bool:
        """Tells whether a statement only lists names, or gives another function's to ours."""
        if not isinstance(statement, ast.Assign):
            return False
        target = ast.unparse(statement.targets[0])
        return bool(self._others.search(target)) and not self._own.search(target)

    def in_c(self, text: str) -> str:
        """Joins the parts of a text, from one line without indentation to the next, likewise."""
        text = re.sub(r'\A\s*"""(?:.|\n)*?"""\n', "", text)
        blocks = re.split(r"\n\n+(?=[^\s}])", text)
        return "\n\n".join(filter(None, (self._cut(block.strip("\n")) for block in blocks)))

    def _cut(self, block: str) -> str:
        """Leaves of a block what is told: all of a definition, of a table the lines that matter."""
        lines = block.split("\n")
        hits = [number for number, line in enumerate(lines) if self._own.search(line)]
        head = next((line for line in lines if not line.lstrip().startswith(COMMENTS)), lines[0])
        if not hits or (self._others.search(head) and not self._own.search(head)):
            return ""
        if self._own.search(head) or len(lines) <= SHORT:
            return block
        shown = [lines[0]]
        for before, number in itertools.pairwise([0, *hits]):
            shown += [OMITTED] * (number > before + 1) + [lines[number]] * (number > 0)
        return "\n".join(shown if hits[-1] == len(lines) - 1 else [*shown, OMITTED])


def _start(statement: ast.stmt) -> int:
    """Returns the line on which a statement begins, decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def _any_of(names: set[str]) -> re.Pattern[str]:
    either = "|".join(map(re.escape, sorted(names)))
    return re.compile(rf"(?<![A-Za-z0-9])(?:[A-Za-z]+_)?(?:{either})(?![A-Za-z0-9_])")


def known(name: str) -> Mechanism | None:
    """Finds a mechanism's folder; None for what only a record knows."""
    folder = FOLDER / name
    # A name from a record is no path until it is known to be none that leads elsewhere.
    is_folder = bool(name) and Path(name).name == name and (folder / "__init__.py").is_file()
    return Mechanism(name, folder) if is_folder else None
