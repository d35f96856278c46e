"""A run removes what killed runs have left in the temporary folder, and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcost.run import scratch
from callcost.run.process import WorkerProcess
from callcost.run.scratch import LOCK, PREFIX, Scratch, sweep

KILLED = """
import os, signal
from callcost.run.scratch import Scratch
folder = Scratch()
(folder.path / "inside").mkdir()
(folder.path / "inside" / "job.json").touch()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that contains what a killed run has left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    subprocess.run([sys.executable, "-c", KILLED], check=False)
    yield tmp_path
    monkeypatch.undo()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_folder_of_a_killed_run_is_removed(temporary: Path) -> None:
    assert len(names(temporary)) == 1
    alive = Scratch()
    sweep(temporary)
    assert names(temporary) == {alive.path.name}
    alive.remove()
    assert names(temporary) == set()


def test_nothing_else_is_removed(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / LOCK).touch()
    sweep(temporary)
    for name in ("without_lock", "linked_lock", "pipe_for_a_lock", "folder_for_a_lock"):
        (temporary / f"{PREFIX}{name}").mkdir()
    (temporary / f"{PREFIX}linked_lock" / LOCK).symlink_to(elsewhere / LOCK)
    os.mkfifo(temporary / f"{PREFIX}pipe_for_a_lock" / LOCK)
    (temporary / f"{PREFIX}folder_for_a_lock" / LOCK).mkdir()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").touch()
    (temporary / "another").mkdir()
    (temporary / "another" / LOCK).touch()
    before = names(temporary)
    sweep(temporary)
    assert names(temporary) == before
    assert (elsewhere / LOCK).exists()


def test_folders_of_another_user_are_kept(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    sweep(temporary)
    assert len(names(temporary)) == 1


def test_starting_a_worker_removes_old_folders(temporary: Path) -> None:
    scratch.sweep_once.cache_clear()
    job = {"seed": 0, "groups": []}
    with WorkerProcess(sys.executable, job, hash_seed=0, silence_s=60) as process:
        assert names(temporary) == {process.folder.name}
        assert [event["event"] for event in process.events()] == ["ready", "done"]
    assert names(temporary) == set()


def test_a_run_that_ends_during_the_sweep_is_not_an_error(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with os.scandir(temporary) as entries:
        found = list(entries)
    shutil.rmtree(temporary / found[0].name)
    monkeypatch.setattr(os, "scandir", lambda _: contextlib.nullcontext(found))
    sweep(temporary)
    monkeypatch.undo()
    assert names(temporary) == set()


def test_an_interrupt_while_it_is_removed_leaves_nothing_behind(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Scratch()
    (folder.path / "job.json").touch()

    def interrupted() -> None:
        (folder.path / LOCK).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(folder._folder, "cleanup", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.remove()
    assert not folder.path.exists()
