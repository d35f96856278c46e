"""docs/under-the-hood.md: runs each command of each chapter and compares its output."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from checkout import ROOT
from needs import skip_without_headers

pytest.importorskip("sybil", reason="sybil is not installed")
from sybil.example import SybilFailure

from callcost.benchmarks.publish import tour
from callcost.benchmarks.publish.tour import Chapter, Session, TourError, fit

PAGE = ROOT / "docs" / "under-the-hood.md"
EXAMPLES = ROOT / "docs" / "tour"
CHAPTERS = tour.parse(PAGE) if PAGE.exists() else []

pytestmark = pytest.mark.skipif(not CHAPTERS, reason="not a checkout: no documents here")

# What each chapter is about, in order.
ORDER = (
    "What a shared library is",
    "ctypes finds by name",
    "compiled as C++",
    "What an ABI is",
    "dlopen and dlsym",
    "libffi",
    "introduces itself",
    "The same idea in CPython",
    "Cython and pybind11 generate",
    "Where the time goes",
    "cffi on PyPy",
)


def sessions() -> list[Session]:
    """Returns every console block of the page, and those of the set-up once per chapter."""
    found = [each.parsed for chapter in CHAPTERS for each in chapter.examples]
    return [each for each in found if isinstance(each, Session)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: f"{chapter.number:02}")
def test_every_output_is_what_the_command_prints(chapter: Chapter, tmp_path: Path) -> None:
    if reason := chapter.missing():
        pytest.skip(reason)
    chapter.run(tmp_path, ROOT)


def test_the_chapters_are_in_order() -> None:
    assert [chapter.number for chapter in CHAPTERS] == list(range(1, len(ORDER) + 1))
    for chapter, about in zip(CHAPTERS, ORDER, strict=True):
        assert about in chapter.title


def test_every_block_is_checked() -> None:
    text = PAGE.read_text(encoding="utf-8")
    (first, *_) = CHAPTERS
    setup = [each for each in first.examples if each.start < text.index("\n## ")]
    checked = {each.start for chapter in CHAPTERS for each in chapter.examples}
    fences = {found.start() for found in re.finditer(r"^```\w+$", text, re.MULTILINE)}
    assert fences <= checked
    assert len(setup) == 1 and all(chapter.examples[0] == setup[0] for chapter in CHAPTERS)
    for chapter in CHAPTERS:
        own = [each for each in chapter.examples if isinstance(each.parsed, Session)]
        assert any(shown for each in own for _, shown in each.parsed.steps), chapter.title


def test_every_example_is_shown() -> None:
    text = PAGE.read_text(encoding="utf-8")
    unused = [path.name for path in EXAMPLES.iterdir() if f"tour/{path.name}" not in text]
    assert unused == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.c")), ids=lambda path: path.name)
def test_c_examples_compile_without_a_warning(path: Path) -> None:
    skip_without_headers(path.read_text(encoding="utf-8"))
    if not tour.is_there("cc"):
        pytest.skip("not found: cc")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    folders = [f"-I{ROOT / 'native' / name}" for name in (".", "ladder")]
    done = subprocess.run(["cc", *flags, *folders, path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_names_no_path_of_this_machine() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert str(Path.home()) not in text
    assert "/tmp" not in text and "/site-packages" not in text


# Tests of the tester: it finds errors.


@pytest.mark.parametrize("session", sessions())
def test_no_output_matches_another_text(session: Session) -> None:
    for command, shown in session.steps:
        assert fit(shown, shown, session.varies) is not None, command
        if not shown.endswith("..."):
            assert fit(shown, f"{shown}\nplanted", session.varies) is None, command
        for word in set(re.findall(r"[A-Za-z]{3,}", shown)):
            assert fit(shown, shown.replace(word, "planted"), session.varies) is None, command


SMALL = """# A page

```console
$ echo 'one file' > made.txt
```

## 1. A chapter

*Needs `sh`.*

`made.txt`:

```text
one file
```

```console
$ cat made.txt
one file
$ echo "it took 12 ms, \\
> from 0x7f00 on"; false; echo "exit code $?"
it took 12 ms, \\
from 0x7f00 on
exit code 1
```

<!-- varies: numbers -->
```console
$ echo '1,024 bytes'
   7 bytes
$ echo "left $$ right"
left ... right
```
"""
RIGHT = SMALL.replace("ms, \\\nfrom", "ms, from")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "page.md"
    path.write_text(text)
    return path


def run_page(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (chapter,) = tour.parse(written(tmp_path, text))
    chapter.run(folder, ROOT)


def test_a_correct_page_passes(tmp_path: Path) -> None:
    run_page(tmp_path, RIGHT)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("cat made.txt\none file", "cat made.txt\none pile", "The page shows:"),
        ("cat made.txt\none file", "cat made.txt", "The page shows:"),
        ("cat made.txt\none file", "cat made.txt\none file\nmore", "The page shows:"),
        ("12 ms, from 0x7f00 on\n", "13 ms, from 0x7f00 on\n", "The page shows:"),
        ("exit code 1", "exit code 2", "The page shows:"),
        ('; echo "exit code $?"', "", "ended with exit code 1"),
        ("   7 bytes", "   7 bits", "The page shows:"),
        ("left ... right", "left ... wrong", "The page shows:"),
        ("```text\none file", "```text\nanother file", "made.txt does not contain"),
    ],
)
def test_errors_are_found(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert RIGHT.count(right) == 1
    with pytest.raises(SybilFailure, match=re.escape(told)):
        run_page(tmp_path, RIGHT.replace(right, wrong))


def test_a_part_of_a_file_consists_of_whole_lines(tmp_path: Path) -> None:
    part = RIGHT.replace("`made.txt`:", "From `made.txt`:")
    (tmp_path / "right").mkdir()
    run_page(tmp_path / "right", part)
    with pytest.raises(SybilFailure, match=re.escape("made.txt does not contain")):
        run_page(tmp_path, part.replace("```text\none file", "```text\nfile"))


def test_dots_match_part_of_a_line_or_lines() -> None:
    assert fit("a ... c\nd", "a b c\nd", varies=False) == "a ... c\nd"
    assert fit("a ... d", "a b\nc d", varies=False) is None
    assert fit("a\n...\nd", "a\nb\nc\nd", varies=False) == "a\n...\nd"
    assert fit("a\n...", "a\nb\nc", varies=False) == "a\n..."
    assert fit("a\n...", "a", varies=False) is None


def test_numbers_vary_only_where_the_page_says_so() -> None:
    assert fit("10 of  2,000\n──", "9 of 31\n────", varies=True) == "9 of 31\n────"
    assert fit("at 0x1f", "at 0xff00", varies=True) == "at 0xff00"
    assert fit("10 of 20", "ten of 20", varies=True) is None
    assert fit("10 of 20", "10 of 21", varies=False) is None


def test_a_wrong_output_in_a_copy_of_a_chapter_is_found(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    right = "./libcore.so: undefined symbol: fibonaci\n"
    assert text.count(right) == 1
    planted = text.replace(right, right.replace("fibonaci", "fibonacci"))
    chapter = tour.parse(written(tmp_path, planted))[4]
    if reason := chapter.missing():
        pytest.skip(reason)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SybilFailure, match=r"The command printed:\n.*undefined symbol: fibonaci\n"):
        chapter.run(folder, ROOT)


def test_a_command_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tour, "COMMAND_TIMEOUT_S", 0.5)
    with pytest.raises(SybilFailure, match=r"did not end within 0\.5 s"):
        run_page(tmp_path, RIGHT.replace("cat made.txt", "sleep 600 & sleep 600; cat made.txt"))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("`made.txt`:\n\n", "", "neither a console nor a file"),
        ("varies: numbers", "varies: letters", "only numbers can vary, not letters"),
    ],
)
def test_a_block_of_neither_kind_is_refused(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    assert RIGHT.count(right) == 1
    with pytest.raises(TourError, match=told):
        tour.parse(written(tmp_path, RIGHT.replace(right, wrong)))


def test_a_chapter_says_what_it_lacks(tmp_path: Path) -> None:
    text = RIGHT.replace("`sh`", "`sh`, `no-such-tool`, `no_such_header.h`")
    (chapter,) = tour.parse(written(tmp_path, text))
    assert chapter.missing() == "not found: no-such-tool, no_such_header.h"
    assert list(tour.rewrite(tmp_path / "page.md", set())) == [
        "1. A chapter: unchanged, not found: no-such-tool, no_such_header.h"
    ]
    assert (tmp_path / "page.md").read_text() == text


# What writes the page.


def test_rewriting_puts_right_what_is_wrong_and_keeps_what_is_right(tmp_path: Path) -> None:
    text = (
        RIGHT.replace("one file\n$ echo", "stale\nlines\n$ echo")
        .replace("```text\none file", "```text\nstale")
        .replace("exit code 1", "exit code 3")
    )
    page = written(tmp_path, text)
    assert list(tour.rewrite(page, set())) == ["1. A chapter: written"]
    # The number that varies is the printed one now; the dots stay.
    assert page.read_text() == RIGHT.replace("   7 bytes", "1,024 bytes")


def test_rewriting_leaves_out_what_the_page_leaves_out() -> None:
    shown = "first 1\n...\nlast\nit needs ...\n...\nend\n..."
    printed = "new\nfirst 2\na\nb\nlast\nit needs all\nc\nanother end"
    # Where a line beside the dots is gone, they go too.
    kept = "new\nfirst 2\n...\nlast\nit needs ...\nc\nanother end"
    assert tour.elided(shown, printed, varies=True) == kept
    assert tour.elided("...\nb\n...", "a\nb\nc", varies=False) == "...\nb\n..."


def test_a_chapter_that_fails_stays_as_it_was(tmp_path: Path) -> None:
    text = RIGHT.replace("cat made.txt", "cat missing.txt")
    page = written(tmp_path, text)
    with pytest.raises(TourError, match=r"1\. A chapter: unchanged\n(.*\n)*.*exit code 1"):
        list(tour.rewrite(page, set()))
    assert page.read_text() == text


def test_rewriting_leaves_out_chapters_that_were_not_asked_for(tmp_path: Path) -> None:
    page = written(tmp_path, SMALL)
    assert list(tour.rewrite(page, {2})) == []
    assert page.read_text() == SMALL
