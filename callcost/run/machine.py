"""Describes the machine and interpreter of a run, and the machine's current state."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from callcost.run import interpreter_build, quota

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
GOVERNOR = "/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"
ASLR = Path("/proc/sys/kernel/randomize_va_space")


def identity() -> dict[str, Any]:
    """Describes the properties that stay the same from run to run."""
    memory_gib = round(psutil.virtual_memory().total / 2**30)
    return {
        "machine_digest": machine_digest(),
        "cpu_count": os.cpu_count(),
        "memory_gib": memory_gib,
        "interpreter": interpreter_build.describe(),
    }


def machine_digest() -> str:
    """Identifies this machine without its host name: a digest of its id."""
    for path in MACHINE_ID_FILES:
        if path.is_file() and (text := path.read_text().strip()):
            return hashlib.sha256(text.encode()).hexdigest()[:16]
    return hashlib.sha256(platform.node().encode()).hexdigest()[:16]


class Watch:
    """Watches the machine's changing state, from the creation of this object on."""

    def __init__(self, cpu: int | None) -> None:
        self._cpu = cpu
        self._load = os.getloadavg()[0]
        self._start = _cpu_times(cpu)
        self._quota = quota.read()
        self._throttling = self._quota.throttling()

    def state(self) -> dict[str, Any]:
        """Describes the machine's state; None where it is unknown.

        `load_1min` is from the start of the watch, so it shows other programs. `steal_percent` is
        the share of CPU time since then that the host took away. `throttled` counts how often a
        CPU quota stopped processes.
        """
        return {
            "load_1min": self._load,
            "steal_percent": self._steal_percent(),
            **quota.facts(self._quota, self._throttling),
            **state(self._cpu),
        }

    def _steal_percent(self) -> float | None:
        spent = [now - then for now, then in zip(_cpu_times(self._cpu), self._start, strict=True)]
        if "steal" not in self._start._fields or not sum(spent):
            return None
        stolen_s: float = spent[self._start._fields.index("steal")]
        return 100 * stolen_s / float(sum(spent))


def state(cpu: int | None) -> dict[str, Any]:
    """Describes the machine's current settings; None where one is unknown."""
    return {
        "cpus_allowed": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "governor": _read(Path(GOVERNOR.format(cpu=cpu))),
        "aslr": _read(ASLR),
        "ld_preload": "LD_PRELOAD" in os.environ,
    }


def _read(path: Path) -> str | None:
    return path.read_text().strip() if path.is_file() else None


def _cpu_times(cpu: int | None) -> Any:
    """Returns the times of one CPU, or the total if that CPU does not exist."""
    each = psutil.cpu_times(percpu=True)
    return psutil.cpu_times() if cpu is None or cpu >= len(each) else each[cpu]
