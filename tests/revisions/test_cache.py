"""The cache belongs to the user alone, and its files never lead elsewhere."""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import pytest
from click.testing import CliRunner

from callcost.commands.clean_command import clean
from callcost.errors import CallcostError
from callcost.revisions.cache import FOLDERS, TAG, Cache, concerns, location, opened
from callcost.revisions.folders import remove_tree
from callcost.revisions.supervision import mend

NOBODY = 65534
KEY = "0123456789abcdef0123"
TOKEN = "build-1-0123abcd"


@pytest.fixture
def ordinary() -> Iterator[Path]:
    """A folder of an ordinary user, as whom the test then runs: root may do everything."""
    root = os.geteuid() == 0
    # The command imports it late, but the ordinary user may be unable to read it.
    importlib.import_module("callcost.commands.clean")
    if root:
        os.seteuid(NOBODY)
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cache(ordinary: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("CALLCOST_CACHE", str(ordinary / "cache"))
    return opened()


def refused(said: str) -> None:
    """Neither command touches the cache, and both say why."""
    before = sorted(location().folder.rglob("*"))
    with pytest.raises(CallcostError, match=said):
        opened()
    done = CliRunner().invoke(clean)
    assert done.exit_code == 2, done.output
    assert sorted(location().folder.rglob("*")) == before


def environment(cache: Cache, **facts: object) -> Path:
    """Makes a folder that looks like a finished environment."""
    entry = cache.entry(KEY)
    site = entry.venv / "lib" / "site-packages"
    site.mkdir(parents=True)
    entry.folder.chmod(0o700)
    entry.python.parent.mkdir()
    entry.python.symlink_to("/bin/sh")
    known = {"python": str(entry.python), "site": str(site), "label": "main", "versions": {},
             "interpreter": {}, "layouts": {"digests": [], "unmoved": {}}, **facts}  # fmt: skip
    entry.facts_file.write_text(json.dumps(known))
    return entry.folder


def test_a_cache_is_private_with_any_umask(ordinary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCOST_CACHE", str(ordinary / "deep" / "cache"))
    kept = os.umask(0)
    try:
        cache = opened()
        with cache.staged("build") as (folder, lock):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert stat.S_IMODE(os.fstat(lock.fd).st_mode) == 0o600
    finally:
        os.umask(kept)
    for folder in (cache.folder.parent, cache.folder, *map(cache.place, FOLDERS)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
@pytest.mark.parametrize("place", ["", *FOLDERS, f"environments/{KEY}", f"staging/{TOKEN}"])
def test_a_cache_others_can_write_to_is_refused(cache: Cache, place: str, mode: int) -> None:
    environment(cache)
    cache.place(f"staging/{TOKEN}").mkdir(mode=0o700)
    cache.place(place).chmod(mode)
    refused("Others can write to")


@pytest.mark.parametrize(("mode", "usable"), [(0o777, False), (0o1777, True), (0o755, True)])
def test_a_parent_folder_others_can_exchange_is_refused(
    cache: Cache, ordinary: Path, mode: int, usable: bool
) -> None:
    ordinary.chmod(mode)
    if usable:
        opened()
    else:
        refused("Others can write to")


def test_a_cache_of_another_user_is_refused(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(cache)
    cache.folder.parent.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    refused("belongs to .* use your own folder")


@pytest.mark.parametrize("place", [*FOLDERS, f"environments/{KEY}", f"staging/{TOKEN}"])
def test_a_link_in_the_cache_is_refused(cache: Cache, ordinary: Path, place: str) -> None:
    kept = ordinary / "kept"
    kept.mkdir(mode=0o700)
    (kept / "precious").write_text("mine")
    shutil.rmtree(cache.place(place), ignore_errors=True)
    cache.place(place).symlink_to(kept)
    refused("must be a folder, but is a file or a link")
    assert (kept / "precious").read_text() == "mine"


def test_only_a_trusted_link_to_the_cache_is_followed(
    cache: Cache, ordinary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ordinary / "link").symlink_to("../" + ordinary.name + "/cache")
    (ordinary / "circle").symlink_to("circle")
    monkeypatch.setenv("CALLCOST_CACHE", str(ordinary / "link"))
    opened()
    cache.folder.chmod(0o777)
    refused("Others can write to")
    monkeypatch.setenv("CALLCOST_CACHE", str(ordinary / "circle"))
    with pytest.raises(CallcostError):
        opened()


@pytest.mark.parametrize("name", ["logs", "environments", TAG])
def test_a_foreign_folder_is_left_alone(
    ordinary: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CALLCOST_CACHE", str(ordinary))
    place = ordinary / name
    if name == TAG:
        place.write_text("Signature: 8a477f597d28d172789f06886806bc55\n# somebody else's\n")
    else:
        place.mkdir()
        (place / "precious.log").write_text("mine")
    refused("is not a cache of callcost")


def test_a_missing_home_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCOST_CACHE", "~no-such-user/cache")
    with pytest.raises(CallcostError, match="Cannot find the folder CALLCOST_CACHE=~no-such-user"):
        location()
    monkeypatch.delenv("CALLCOST_CACHE")
    # The message about a user without an entry in passwd.
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: Path("~/.cache/callcost"))
    with pytest.raises(CallcostError, match="Cannot find your home folder: set CALLCOST_CACHE"):
        location()


@pytest.mark.parametrize("fact", ["python", "site"])
@pytest.mark.parametrize("form", ["{outside}", "{venv}/../../../../outside", "{venv}/link"])
def test_an_environment_that_names_another_path_is_ignored(
    cache: Cache, ordinary: Path, fact: str, form: str
) -> None:
    outside = ordinary / "outside"
    outside.mkdir()
    venv = cache.entry(KEY).venv
    environment(cache, **{fact: form.format(outside=outside, venv=venv)})
    (venv / "link").symlink_to(outside)
    assert cache.entry(KEY).read() is None


@pytest.mark.parametrize("fact", ["python", "site", "versions", "interpreter", "layouts"])
@pytest.mark.parametrize("value", [None, 3, [], "", "nowhere"])
def test_an_environment_with_damaged_facts_is_ignored(
    cache: Cache, fact: str, value: object
) -> None:
    environment(cache, **{fact: value})
    assert cache.entry(KEY).read() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\0", "\udc80"])
def test_a_damaged_facts_file_is_ignored(cache: Cache, text: str) -> None:
    environment(cache)
    cache.entry(KEY).facts_file.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert cache.entry(KEY).read() is None
    assert CliRunner().invoke(clean).exit_code == 0
    assert cache.entries() == []


def test_an_environment_behind_a_link_is_ignored(cache: Cache, ordinary: Path) -> None:
    environment(cache)
    venv = cache.entry(KEY).venv
    venv.rename(ordinary / "moved")
    venv.symlink_to(ordinary / "moved")
    assert cache.entry(KEY).read() is None


def test_an_environment_in_its_place_is_used(cache: Cache) -> None:
    environment(cache)
    assert cache.entry(KEY).read() is not None


@pytest.fixture
def trap(ordinary: Path, cache: Cache) -> Path:
    """The folder of a dead supervisor whose files name foreign paths and processes."""
    outside = ordinary / "outside"
    (outside / "venv").mkdir(parents=True)
    (outside / "precious").write_text("mine")
    subprocess.run(["git", "init", "--quiet", str(outside)], check=True)
    hook = ordinary / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {ordinary}/ran\n")
    hook.chmod(0o755)
    config = ["config", "core.fsmonitor", str(hook)]
    subprocess.run(["git", *config], cwd=outside, check=True)
    staging = cache.place("staging") / TOKEN
    staging.mkdir(mode=0o700)
    job = {
        "kind": "build",
        "entry": str(outside),
        "repository": str(outside),
        "failure_log": str(outside / "precious"),
        "python": str(hook),
        "pid": os.getpid(),
        "locks": [0],
    }
    (staging / "job.json").write_text(json.dumps(job))
    return outside


@pytest.mark.parametrize("by", ["clean", "mend"])
def test_paths_and_processes_named_in_files_are_never_touched(
    cache: Cache, ordinary: Path, trap: Path, by: str
) -> None:
    before = sorted(trap.rglob("*"))
    with subprocess.Popen(["sleep", "60"]) as bystander:
        if by == "clean":
            assert CliRunner().invoke(clean).exit_code == 0
        else:
            mend(cache)
        assert bystander.poll() is None
        bystander.kill()
    assert cache.stagings() == []
    assert sorted(trap.rglob("*")) == before
    assert not (ordinary / "ran").exists()


@pytest.mark.parametrize("name", ["..lock", "two\nlines.lock", "\x1b[2J", "notes", "A" * 20])
def test_foreign_names_in_the_cache_are_left_alone(cache: Cache, name: str) -> None:
    for place in ("environments", "staging"):
        path = cache.place(place) / name
        path.write_text("mine") if name.endswith("lock") else path.mkdir()
    done = CliRunner().invoke(clean)
    assert done.exit_code == 0
    assert done.output.count("\n") == 1
    assert all((cache.place(place) / name).exists() for place in ("environments", "staging"))


def test_a_label_stays_on_one_line(cache: Cache) -> None:
    environment(cache, label="main\nremoved everything\x1b[2J")
    done = CliRunner().invoke(clean)
    assert "removed the environment of mainremoved everything[2J (" in done.output


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EACCES, "refused", "/the/cache/logs"), True),
        (OSError(errno.EACCES, "refused", b"/the/cache/logs"), True),
        (OSError(errno.ENOENT, "missing", "/the/cache-of-another"), False),
        (OSError(errno.ENOENT, "missing", "git"), False),
        (OSError(errno.ENOENT, "missing"), False),
    ],
)
def test_only_cache_errors_blame_the_cache(error: OSError, about: bool) -> None:
    assert concerns(error, Path("/the/cache")) == about


# Removing a folder.


def tree(folder: Path) -> Path:
    """Makes a read-only tree, as a build may leave it."""
    made = folder / "tree"
    (made / "a" / "b").mkdir(parents=True)
    (made / "a" / "b" / "file").write_text("x")
    for path in (made / "a" / "b", made / "a", made):
        path.chmod(0o500)
    (made / "a" / "b").chmod(0)
    return made


def test_a_read_only_tree_is_removed(ordinary: Path) -> None:
    ordinary.chmod(0o750)
    made = tree(ordinary)
    remove_tree(made)
    remove_tree(made)
    assert list(ordinary.iterdir()) == []
    assert stat.S_IMODE(ordinary.stat().st_mode) == 0o750


def test_removing_a_tree_changes_nothing_outside_it(ordinary: Path) -> None:
    beside, kept = ordinary / "beside", ordinary / "kept"
    beside.mkdir()
    (beside / "file").write_text("x")
    beside.chmod(0o555)
    kept.write_text("x")
    kept.chmod(0o400)
    made = ordinary / "tree"
    made.mkdir()
    (made / "link").symlink_to(beside)
    (made / "hard").hardlink_to(kept)
    made.chmod(0o500)
    remove_tree(made)
    assert not made.exists()
    assert (beside / "file").exists()
    assert stat.S_IMODE(beside.stat().st_mode) == 0o555
    assert stat.S_IMODE(kept.stat().st_mode) == 0o400
    (ordinary / "link").symlink_to(beside)
    remove_tree(ordinary / "link")
    assert not (ordinary / "link").is_symlink()
    assert (beside / "file").exists()


def test_a_read_only_parent_stays_read_only(ordinary: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can write everywhere")
    parent = ordinary / "parent"
    made = tree(parent)
    parent.chmod(0o500)
    with pytest.raises(PermissionError):
        remove_tree(made)
    assert stat.S_IMODE(parent.stat().st_mode) == 0o500
    assert made.is_dir()
    parent.chmod(0o700)


def test_a_folder_exchanged_for_a_link_is_not_followed(
    ordinary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = ordinary / "beside"
    beside.mkdir()
    beside.chmod(0o555)
    made = tree(ordinary)
    lstat: Callable[[Path], os.stat_result] = Path.lstat

    def exchanged(path: Path) -> os.stat_result:
        """Returns the status, then exchanges the folder for a link."""
        status = lstat(path)
        if path == made / "a":
            path.rename(made / "moved")
            path.symlink_to(beside)
        return status

    monkeypatch.setattr(Path, "lstat", exchanged)
    remove_tree(made)
    assert stat.S_IMODE(beside.stat().st_mode) == 0o555
