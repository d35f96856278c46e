"""The house keeps its order: imports run one way, folders say what belongs there and stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = ("benchmarks", "bindings", "native")
MOST_FILES = 14
FOLDERS = sorted(
    path.parent for top in ("callcost", *SUITE) for path in (ROOT / top).rglob("__init__.py")
)
# A folder of bindings/ is a mechanism: its size depends on the tool.
ROOMS = [path for path in FOLDERS if path.relative_to(ROOT).parts[0] in ("callcost", "benchmarks")]
STARTING_PROCESSES = ("callcost.run", "callcost.instructions", "callcost.revisions")


@pytest.fixture(scope="session")
def installed_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package `callcost` as it is installed: the suite is inside it."""
    folder = tmp_path_factory.mktemp("layout")
    (folder / "callcost").mkdir()
    for path in (*(ROOT / "callcost").iterdir(), *(ROOT / name for name in SUITE)):
        (folder / "callcost" / path.name).symlink_to(path)
    return folder


def lint(layout: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports({!r}))"
    program = f"import sys; sys.path.insert(0, {str(layout)!r}); " + code.format(
        str(ROOT / "pyproject.toml")
    )
    command = [sys.executable, "-P", "-c", program]
    return subprocess.run(command, cwd=layout, capture_output=True, text=True, check=False)


def test_imports_keep_the_contracts_of_pyproject(installed_layout: Path) -> None:
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    done = lint(installed_layout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_an_import_against_the_arrows_is_noticed(installed_layout: Path, tmp_path: Path) -> None:
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    package = tmp_path / "callcost"
    package.mkdir()
    for path in (installed_layout / "callcost").iterdir():
        (package / path.name).symlink_to(path.resolve())
    (package / "errors.py").unlink()
    (package / "errors.py").write_text(
        (ROOT / "callcost" / "errors.py").read_text() + "\nimport callcost.bindings.registry\n"
    )
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "callcost.errors -> callcost.bindings.registry" in done.stdout


@pytest.mark.parametrize("module", ["callcost.model.run", "callcost.estimate.record"])
def test_data_is_read_without_what_starts_processes(module: str) -> None:
    program = f"import {module}, sys; print(*sorted(m for m in sys.modules if 'callcost' in m))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert module in loaded
    assert [name for name in loaded if name.startswith(STARTING_PROCESSES)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_says_what_belongs_there(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("folder", ROOMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= MOST_FILES
