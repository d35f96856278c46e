"""A project that builds in no time: its build backend, in the tree, writes a wheel itself.

Also the wheels of tools that do not exist, as what a package index has.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

PYPROJECT = """\
[build-system]
requires = ["tool"]
build-backend = "backend"
backend-path = ["."]

[project]
name = "toy"
version = "1"
requires-python = ">=3.9"
dependencies = {dependencies}
"""
# While it builds, it runs the file `during`, in which a test says what happens then.
BACKEND = """
import subprocess, sys, zipfile
from pathlib import Path

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    import tool
    during = Path("during.py")
    if during.exists():
        subprocess.run([sys.executable, str(during)], check=True)
    info = "toy-1.dist-info"
    with zipfile.ZipFile(Path(folder, "toy-1-py3-none-any.whl"), "w") as wheel:
        for file in ("toy.py", *Path().glob("*.so")):
            wheel.write(file)
        wheel.writestr("toy_built_with.py", f"TOOL = {tool.VERSION!r}\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1\\n")
        kind = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{info}/WHEEL", kind)
        wheel.writestr(f"{info}/RECORD", "")
    return "toy-1-py3-none-any.whl"
"""


def git(folder: Path, *arguments: str) -> str:
    """Runs git with a made-up identity, and returns what it printed."""
    done = subprocess.run(
        ["git", "-c", "user.name=somebody", "-c", "user.email=somebody", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        # Or else `git status` writes the index that a test compares.
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
    )
    return done.stdout


def write_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> None:
    """Writes the wheel of a module that only knows its own version."""
    info = f"{name}-{version}.dist-info"
    about = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    about += [f"Requires-Dist: {text}\n" for text in requires]
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", "".join(about))
        wheel.writestr(f"{info}/WHEEL", kind)
        wheel.writestr(f"{info}/RECORD", "")


def write_sdist(folder: Path, name: str, during: str) -> None:
    """Writes the sources of a package whose metadata are known, and what its build does."""
    backend = f"{during}\n\ndef build_wheel(folder, *rest): pass\n"
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n",
        "pyproject.toml": f'{system}[project]\nname = "{name}"\nversion = "1.0"\n',
        "backend.py": backend,
    }
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


def write_index(folder: Path) -> None:
    """Writes what there is to install: two versions of `tool`, and `helper`, which needs one."""
    folder.mkdir()
    write_wheel(folder, "tool", "1.0")
    write_wheel(folder, "tool", "2.0")
    write_wheel(folder, "helper", "1.0", ("tool<2",))


def use_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes uv find what write_index writes, and nothing else."""
    index = folder / "index"
    write_index(index)
    uv_settings = folder / "settings.toml"  # uv.toml would be found without being named
    uv_settings.write_text(f"no-index = true\nfind-links = ['{index}']\n")
    monkeypatch.setenv("UV_CONFIG_FILE", str(uv_settings))


def write_project(folder: Path, dependencies: str = "[]") -> None:
    """Makes a git repository of the project, with one commit on main."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(dependencies=dependencies))
    (folder / "backend.py").write_text(BACKEND)
    (folder / "toy.py").write_text("VALUE = 1\n")
    (folder / ".gitignore").write_text("ignored.txt\n__pycache__/\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")


def everything(folder: Path) -> dict[str, bytes | str]:
    """Returns all that must not change: files, index, references, stash, list of worktrees."""
    files = {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and (".git" not in path.parts or path.name == "index")
    }
    said = {
        command: git(folder, *command.split())
        for command in ("for-each-ref", "stash list", "worktree list", "reflog", "status --short")
    }
    return {**files, **said}


def imported(python: str, expression: str) -> str:
    """Evaluates an expression in an environment, without the developer's own modules."""
    done = subprocess.run(
        [python, "-I", "-c", f"import toy, toy_built_with; print({expression})"],
        check=True,
        capture_output=True,
        text=True,
        cwd=os.sep,
    )
    return done.stdout.strip()
