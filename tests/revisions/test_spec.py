"""The meaning of a SPEC, whatever signs its names contain."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from callcost.revisions.errors import SpecError
from callcost.revisions.spec import parse

BRANCHES = ("main", "feature/c++", "main+numpy", "release@3.11", "with@and+both")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody")
    commands = [
        ["init", "--quiet", "--initial-branch=main"],
        *([[*identity, "commit", "--quiet", "--allow-empty", "-m", "one"]] * 2),
        *(["branch", "--force", name] for name in BRANCHES[1:]),
        ["tag", "v1.0"],
        ["tag", "tool@1.2"],
    ]
    for command in commands:
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    ("text", "revision", "python", "requirements"),
    [
        (".", ".", None, ()),
        ("main", "main", None, ()),
        ("HEAD~1", "HEAD~1", None, ()),
        ("v1.0", "v1.0", None, ()),
        ("@", "@", None, ()),
        (".@3.13", ".", "3.13", ()),
        (".@/opt/python/bin/python3", ".", "/opt/python/bin/python3", ()),
        (".@pypy3.9", ".", "pypy3.9", ()),
        (".+pybind11==2.13.6", ".", None, ("pybind11==2.13.6",)),
        (".+numpy>=1.26,<3,tool", ".", None, ("numpy<3,>=1.26", "tool")),
        (".+tool[one,two]==1,other", ".", None, ("tool[one,two]==1", "other")),
        (".+tool==1.0+local", ".", None, ("tool==1.0+local",)),
        (
            ".+tool@git+https://example.org/tool@v1",
            ".",
            None,
            (str(Requirement("tool@git+https://example.org/tool@v1")),),
        ),
        ("main@3.12+tool", "main", "3.12", ("tool",)),
        ("main@{1}", "main@{1}", None, ()),
        ("main@{1}@3.12+tool", "main@{1}", "3.12", ("tool",)),
        # Names that contain the signs, alone and followed by more.
        ("feature/c++", "feature/c++", None, ()),
        ("feature/c+++tool", "feature/c++", None, ("tool",)),
        ("feature/c++@3.12", "feature/c++", "3.12", ()),
        ("tool@1.2", "tool@1.2", None, ()),
        ("tool@1.2@3.12", "tool@1.2", "3.12", ()),
        ("release@3.11", "release@3.11", None, ()),
        ("with@and+both", "with@and+both", None, ()),
        # The branch main+numpy exists, a branch main+tool does not.
        ("main+numpy", "main+numpy", None, ()),
        ("main+tool", "main", None, ("tool",)),
        # Nothing known to git: the message is about the shortest revision.
        ("gone@3.12+tool", "gone", "3.12", ("tool",)),
    ],
)
def test_git_decides_where_a_spec_is_cut(
    repository: Path, text: str, revision: str, python: str | None, requirements: tuple[str, ...]
) -> None:
    spec = parse(text, repository)
    assert (spec.text, spec.revision, spec.python, spec.requirements) == (
        text,
        revision,
        python,
        requirements,
    )


def test_the_path_of_an_interpreter_may_contain_both_signs(
    repository: Path, tmp_path: Path
) -> None:
    python = tmp_path / "python+debug@home"
    python.touch()
    assert parse(f".@{python}", repository).python == str(python)
    spec = parse(f".@{python}+tool", repository)
    assert (spec.python, spec.requirements) == (str(python), ("tool",))


def test_current_folder_is_the_default(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert parse("main+numpy").revision == "main+numpy"


def test_outside_a_repository_only_the_form_counts(tmp_path: Path) -> None:
    spec = parse("main@3.12+tool==1", tmp_path)
    assert (spec.revision, spec.python, spec.requirements) == ("main", "3.12", ("tool==1",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a revision"),
        ("  ", "'  ' is not a revision"),
        ("+tool", "+tool has no revision"),
    ],
)
def test_a_missing_revision_is_an_error(repository: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text, repository)
    assert str(caught.value).startswith(said)
    assert "REV[@PYTHON][+REQUIREMENT[,REQUIREMENT...]]" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".+", "has an invalid requirement"),
        (".+==1", "has an invalid requirement"),
        ("main@3.12+tool,,", "has an invalid requirement"),
        (".@", "has no interpreter after the @"),
        ("feature/c++@+tool", "has no interpreter after the @"),
    ],
)
def test_text_after_a_known_revision_is_not_part_of_it(
    repository: Path, text: str, said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text, repository)
    assert str(caught.value).startswith(f"{text} {said}")
