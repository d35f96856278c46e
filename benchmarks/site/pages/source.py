"""Reads the sources of mechanisms: highlighted files, and the lines about one call."""

from __future__ import annotations

import ast
import itertools
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.token import STANDARD_TYPES, Comment, Keyword, Number, String

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.bindings.registry import FOLDER, PACKAGE, Mechanism

SUFFIXES = {".py", ".pyx", ".pxd", ".c", ".h", ".cpp", ".rs", ".i", ".toml"}
# A tool writes the first, and callcost explain reads the second.
LEFT_OUT = {"_generated.py", "rules.toml"}
# Of a longer block, only the first line and those about the call are shown.
SHORT = 4
OMITTED = "…"
# So many lines show how a tool is used.
FEW = 5
COMMENTS = ("/*", "*", "//", "#[", "///", "@", "#")
NOT_CODE = ("/*", "* ", "*/", "//", "# ", '"""', "PyDoc_STRVAR", "HPyDef_METH")
# A span for every token would make a page five times as large.
COLOURED = (Comment, Keyword, Number, String)


@dataclass(frozen=True)
class Source:
    """A file of a mechanism, or a part of it: its name in the folder, and its text."""

    name: str
    text: str

    @property
    def html(self) -> Markup:
        """The highlighted text."""
        return marked_up(self.text, self.name)


class _Formatter(HtmlFormatter[str]):
    """Marks up only what is coloured, by its short class."""

    def _get_css_class(self, ttype: Any) -> str:
        for kind in COLOURED:
            if ttype in kind:
                return STANDARD_TYPES[kind]
        return ""


def files(mechanism: Mechanism) -> list[Source]:
    """Reads the files of a mechanism's folder, `__init__.py` first."""
    found = [path for path in mechanism.folder.rglob("*") if _is_source(path)]
    ordered = sorted(found, key=lambda path: (path.name != "__init__.py", path.as_posix()))
    return [Source(path.relative_to(mechanism.folder).as_posix(), _read(path)) for path in ordered]


def shared_files(mechanism: Mechanism, depends: Iterable[str]) -> list[Source]:
    """Reads the files of other folders that a mechanism uses; named by their place in bindings/.

    `depends` are installed names from the manifest of the build.
    """
    package = f"{PACKAGE.replace('.', '/')}/"
    places = (name.removeprefix(package) for name in depends if name.startswith(package))
    others = (place for place in places if not place.startswith(f"{mechanism.name}/"))
    paths = {place: FOLDER / place for place in sorted(others) if ".." not in Path(place).parts}
    return [
        Source(place, _read(path))
        for place, path in paths.items()
        if path.is_file() and path.name != "build.py"
    ]


def _is_source(path: Path) -> bool:
    return path.suffix in SUFFIXES and path.name not in LEFT_OUT and "target" not in path.parts


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def marked_up(text: str, name: str) -> Markup:
    """Highlights source text in the language of a file's name."""
    lexer = get_lexer_for_filename(name, stripnl=False)
    return Markup(highlight(text, lexer, _Formatter(nowrap=True)))


def c_source(workload: Workload) -> Markup:
    """Returns the C behind a workload: the header's lines about it, and the function."""
    about = _About({workload.c_name})
    texts = [_read(native.FOLDER / file) for file in ("core.h", "core.c")]
    return marked_up("\n\n".join(map(about.in_c, texts)), "core.c")


def excerpt(sources: Iterable[Source], workload: Workload) -> list[Source]:
    """Picks the lines about a workload's function from a mechanism's files."""
    about = _About({workload.function, workload.c_name})
    found = []
    for source in sources:
        if source.name == "build.py":
            continue
        read = about.in_python if source.name.endswith(".py") else about.in_c
        text = read(source.text)
        if text:
            found.append(Source(source.name, text))
    return found


def few_lines(sources: Iterable[Source], workload: Workload) -> str:
    """Returns at most FEW lines of code about a workload's function, or else the first lines."""
    about = _About({workload.function, workload.c_name})
    parts = excerpt(sources, workload)
    # What is compiled says more than the module that offers it.
    parts.sort(key=lambda part: part.name.endswith("__init__.py"))
    found = next((lines for part in parts if (lines := about.code(part.text))), [])
    return "\n".join([*found[:FEW], *[OMITTED] * (len(found) > FEW)])


class _About:
    """Finds the parts of a text about some names, with or without a prefix such as py_."""

    def __init__(self, names: set[str]) -> None:
        every = {name for workload in WORKLOADS for name in (workload.function, workload.c_name)}
        self._own, self._others = _any_of(names), _any_of(every - names)

    def in_python(self, text: str) -> str:
        """Joins the statements of a module about the names, without imports."""
        lines = text.split("\n")
        found = []
        for statement in ast.parse(text).body:
            block = "\n".join(lines[_start(statement) - 1 : statement.end_lineno])
            if not isinstance(statement, ast.Import | ast.ImportFrom | ast.Expr):
                found.append("" if self._is_alias(statement) else self._cut(block))
        return "\n".join(filter(None, found))

    def _is_alias(self, statement: ast.stmt) -> bool:
        """Tells whether a statement assigns to another function's name."""
        if not isinstance(statement, ast.Assign):
            return False
        target = ast.unparse(statement.targets[0])
        return bool(self._others.search(target)) and not self._own.search(target)

    def in_c(self, text: str) -> str:
        """Joins the blocks of a C file about the names; a block starts without indentation."""
        text = re.sub(r'\A\s*"""(?:.|\n)*?"""\n', "", text)
        blocks = re.split(r"\n\n+(?=[^\s}])", text)
        return "\n\n".join(filter(None, (self._cut(block.strip("\n")) for block in blocks)))

    def code(self, text: str) -> list[str]:
        """Lists the lines of the first block about the names, without comments and docstrings."""
        lines = [line.rstrip() for line in text.split("\n")]
        code = [line for line in lines if not line.lstrip().startswith(NOT_CODE)]
        start = next((at for at, line in enumerate(code) if self._own.search(line)), None)
        if start is None:
            return []
        block = itertools.takewhile(lambda line: line and line != OMITTED, code[start:])
        return textwrap.dedent("\n".join(block)).split("\n")

    def _cut(self, block: str) -> str:
        """Returns a whole definition, or a table's lines about the names; empty for others."""
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
    """Returns the first line of a statement, decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def _any_of(names: set[str]) -> re.Pattern[str]:
    either = "|".join(map(re.escape, sorted(names)))
    return re.compile(rf"(?<![A-Za-z0-9])(?:[A-Za-z]+_)?(?:{either})(?![A-Za-z0-9_])")


def known(name: str) -> Mechanism | None:
    """Finds a mechanism's folder; None if only a record knows the mechanism."""
    folder = FOLDER / name
    # A name from a record must not be a path to another place.
    is_folder = bool(name) and Path(name).name == name and (folder / "__init__.py").is_file()
    return Mechanism(name, folder) if is_folder else None
