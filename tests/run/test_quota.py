"""A CPU quota is found at any level, and the passes that it stopped are counted and reported."""

from __future__ import annotations

from pathlib import Path

import made_records
import pytest

from callcost.estimate.layouts import State
from callcost.estimate.trust import quota_remarks, trust
from callcost.model.plan import Settings
from callcost.model.run import Run
from callcost.run import machine, quota
from callcost.run.quota import Quota
from callcost.worker import guard

NONE_V1 = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}
HALF_V1 = {"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}
STAT_V1 = {"cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 2500000\n"}
STAT_V2 = {"cpu.stat": "usage_usec 1\nnr_periods 9\nnr_throttled 3\nthrottled_usec 1500\n"}


class Tree:
    """Stand-ins for /proc and /sys/fs/cgroup in a folder."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.mounts = folder / "sys fs"
        self.proc.mkdir()
        self._groups: list[str] = []
        self._mounted: list[str] = ["1 2 0:3 / / rw - ext4 /dev/sda rw"]

    def mount(self, name: str, kind: str, options: str, root: str = "/") -> None:
        """Mounts a hierarchy."""
        point = str(self.mounts / name).replace(" ", "\\040")
        self._mounted.append(f"30 23 0:26 {root} {point} rw shared:9 - {kind} cgroup {options}")
        (self.mounts / name).mkdir(parents=True)

    def enter(self, line: str) -> None:
        """Puts the process into a group."""
        self._groups.append(line)

    def group(self, path: str, *files: dict[str, str]) -> None:
        """Makes a group's folder."""
        folder = self.mounts / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (item for found in files for item in found.items()):
            (folder / name).write_text(text)

    def read(self) -> Quota:
        """Writes the files of /proc and reads the quota."""
        (self.proc / "cgroup").write_text("".join(f"{line}\n" for line in self._groups))
        (self.proc / "mountinfo").write_text("".join(f"{line}\n" for line in self._mounted))
        return quota.read(self.proc)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_the_lowest_limit_of_a_group_and_its_parents_counts(tree: Tree) -> None:
    tree.mount("v2", "cgroup2", "rw,nsdelegate")
    tree.enter("0::/outer/middle/inner")
    tree.group("v2/outer", {"cpu.max": "150000 100000\n"}, STAT_V2)
    tree.group("v2/outer/middle", {"cpu.max": "25000 50000\n"}, STAT_V2)
    tree.group("v2/outer/middle/inner", {"cpu.max": "max 100000\n"}, STAT_V2)
    found = tree.read()
    assert found.cpus == 0.5
    assert len(found.stats) == 2
    assert found.throttling() == quota.Throttling(6, 3.0)


def test_version_1_is_read_from_its_cpu_controller(tree: Tree) -> None:
    tree.mount("cpu,cpuacct", "cgroup", "rw,cpu,cpuacct")
    tree.mount("memory", "cgroup", "rw,memory")
    tree.mount("unified", "cgroup2", "rw")
    for line in ("4:cpu,cpuacct:/docker/one", "3:memory:/docker/one", "0::/"):
        tree.enter(line)
    tree.group("cpu,cpuacct", NONE_V1, STAT_V1)
    tree.group("cpu,cpuacct/docker", NONE_V1)
    tree.group("cpu,cpuacct/docker/one", HALF_V1, STAT_V1)
    tree.group("memory/docker/one", {"cpu.max": "1 100000"})
    found = tree.read()
    assert found.cpus == 0.5
    assert found.throttling() == quota.Throttling(4, 2.5)


@pytest.mark.parametrize("path", ["/docker/one", "/", "/../../elsewhere", "/docker/gone"])
def test_within_a_container_the_mounted_part_counts(tree: Tree, path: str) -> None:
    tree.mount("cpu", "cgroup", "rw,cpu", root="/docker/one")
    tree.enter(f"4:cpu:{path}")
    tree.group("cpu", HALF_V1, STAT_V1)
    assert tree.read().cpus == 0.5


def test_without_a_quota_there_is_none(tree: Tree) -> None:
    assert quota.read(tree.proc) == Quota(None)
    tree.mount("v2", "cgroup2", "rw")
    tree.enter("0::/user.slice")
    tree.group("v2/user.slice", STAT_V2)
    assert tree.read() == Quota(None)
    assert tree.read().throttling() is None
    assert [*quota_remarks(quota.facts(tree.read(), None))] == []
    assert [*quota_remarks({})] == [], "an older record"


def test_a_limit_that_cannot_be_read_is_unknown(tree: Tree) -> None:
    tree.mount("v2", "cgroup2", "rw")
    tree.enter("0::/")
    tree.group("v2", {"cpu.max": "a lot"})
    found = tree.read()
    assert found.cpus is None and found.unknown
    (said,) = quota_remarks(quota.facts(found, None))
    assert said.startswith("Whether a quota limits the CPU is unknown (ValueError")


@pytest.mark.parametrize("files", [{}, {"cpu.stat": "usage_usec 1\nuser_usec 1\n"}])
def test_stops_that_are_not_counted_are_unknown(tree: Tree, files: dict[str, str]) -> None:
    tree.mount("v2", "cgroup2", "rw")
    tree.enter("0::/")
    tree.group("v2", {"cpu.max": "50000 100000"}, files)
    found = tree.read()
    assert (found.cpus, found.stats) == (0.5, ())
    (said,) = quota_remarks(quota.facts(found, found.throttling()), 0)
    assert said == "A quota allows 0.5 CPUs, and how often it stopped this run is unknown."


def test_a_run_reports_its_quota(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.mount("v2", "cgroup2", "rw")
    tree.enter("0::/")
    tree.group("v2", {"cpu.max": "50000 100000"}, STAT_V2)
    found = tree.read()
    monkeypatch.setattr(quota, "read", lambda: found)
    watch = machine.Watch(None)
    tree.group("v2", {"cpu.stat": "nr_throttled 10\nthrottled_usec 41500\n"})
    state = watch.state()
    assert made_records.STATE.keys() == state.keys() == State.__annotations__.keys()
    assert (state["cpu_quota_cpus"], state["throttled"], state["throttled_ms"]) == (0.5, 7, 40)
    run = Run(Settings(), 0, 1, state=state, throttled_passes=5)
    said = "A quota allows 0.5 CPUs, and stopped this run 7 times, for 40 ms, during 5 passes."
    assert said in trust(run, {})


def test_passes_that_a_quota_stopped_are_counted(tree: Tree) -> None:
    tree.group("v2", STAT_V2)
    throttle = guard.Throttle([str(tree.mounts / "v2" / "cpu.stat")])
    throttle.end_pass()
    tree.group("v2", {"cpu.stat": "nr_periods 99\nnr_throttled 3\n"})
    throttle.end_pass()
    assert throttle.passes == 0
    tree.group("v2", {"cpu.stat": "nr_periods 99\nnr_throttled 8\n"})
    throttle.end_pass()
    throttle.begin_pass()
    throttle.end_pass()
    tree.group("v2", {"cpu.stat": "nr_periods 99\nnr_throttled 9\n"})
    # Another process was stopped, in its own turn.
    throttle.begin_pass()
    throttle.end_pass()
    assert throttle.passes == 1
    guard.Throttle([]).end_pass()
