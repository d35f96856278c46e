"""The versions that requirements come to: the same for both sides, wherever that can be.

A build tool's version that differs by chance would be taken for a slowdown. So sides that have
the same interpreter first resolve together, without what a SPEC adds, and each is then held to
these versions but for what its SPEC names. An answer is kept for a day, so that neither a second
run nor one without a network need ask again; without a network an older one will do.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from callcost.console.files import write_atomically
from callcost.revisions import install
from callcost.revisions.cache import Cache
from callcost.revisions.errors import BuildError, ContradictionError, NetworkError
from callcost.revisions.interpreter import Interpreter
from callcost.revisions.supervision import supervise

FRESH_S = 24 * 3600.0
# A name and a version; uv adds a marker where it holds for some platforms only.
PIN = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9._,-]+\])?==[A-Za-z0-9.+!_-]+( *;[^\n]*)?")


@dataclass(frozen=True)
class Wish:
    """What one side requires: the project's requirements, and those that its SPEC adds."""

    label: str
    project: tuple[str, ...]
    added: tuple[str, ...]


@dataclass
class Resolver:
    """Resolves for one interpreter; `notes` collects what is worth telling."""

    interpreter: Interpreter
    cache: Cache
    cancel: threading.Event
    report: Callable[[str], None]
    notes: list[str] = field(default_factory=list)

    def together(self, wishes: Sequence[Wish]) -> list[list[str]]:
        """Returns the pins of each side; raises ContradictionError, BuildError, CancelledError."""
        common = _texts(text for wish in wishes for text in wish.project)
        labels = " and ".join(dict.fromkeys(wish.label for wish in wishes))
        wanted = [_all_of(wish) for wish in wishes]
        if all(texts == wanted[0] for texts in wanted):
            return [self._once(labels, wanted[0], [])] * len(wishes)
        limits = self._common(wishes, labels, common)
        # pip takes long: the sides need not wait for each other.
        with ThreadPoolExecutor(len(wishes)) as pool:
            return list(pool.map(self._side, wishes, [limits] * len(wishes)))

    def _common(self, wishes: Sequence[Wish], labels: str, common: list[str]) -> list[str]:
        try:
            return self._once(labels, common, [])
        except ContradictionError:
            if len({wish.project for wish in wishes}) > 1:
                self.notes.append(
                    "the two sides require versions that exclude each other, so each has its own"
                )
            return []

    def _side(self, wish: Wish, limits: list[str]) -> list[str]:
        replaced = {canonicalize_name(Requirement(text).name) for text in wish.added}
        kept = [pin for pin in limits if canonicalize_name(Requirement(pin).name) not in replaced]
        try:
            return self._once(wish.label, _all_of(wish), kept)
        except ContradictionError:
            if not kept:
                raise
            # What the SPEC adds may need other versions of the rest as well.
            return self._once(wish.label, _all_of(wish), [])

    def _once(self, label: str, texts: list[str], limits: list[str]) -> list[str]:
        """Resolves, or remembers; raises ContradictionError, BuildError, CancelledError."""
        if not texts:
            return []
        installer = install.choose(self.interpreter)
        file = self._file(installer, texts, limits)
        known = _read(file)
        if known is not None and 0 <= time.time() - known[0] < FRESH_S:
            return known[1]
        self.report(f"resolving the requirements of {label} ({installer.name})")
        job = {
            "kind": "resolve",
            "installer": [installer.name, installer.command],
            "python": self.interpreter.executable,
            "texts": texts,
            "limits": limits,
        }
        try:
            found = supervise(job, self.cache, self.cancel, self.report)["pins"]
        except NetworkError as error:
            return self._older(label, known, error)
        except ContradictionError as error:
            raise ContradictionError(
                f"the requirements of {label} cannot be met: {error}"
            ) from None
        except BuildError as error:
            message = f"the requirements of {label} cannot be resolved: {error}"
            raise BuildError(message, error.log_tail) from error
        # No file may say what is run: a path or an address is asked for anew.
        if not any(Requirement(pin).url for pin in found):
            write_atomically(file, json.dumps({"epoch_s": time.time(), "pins": found}))
        return list(found)

    def _older(
        self, label: str, known: tuple[float, list[str]] | None, error: NetworkError
    ) -> list[str]:
        if known is None:
            message = f"the versions that {label} needs cannot be found out: no network ({error})"
            raise BuildError(message, error.log_tail) from error
        days = (time.time() - known[0]) / (24 * 3600)
        self.notes.append(
            f"without a network, {label} has the versions that were found {days:.0f} days ago"
        )
        return known[1]

    def _file(self, installer: install.Installer, texts: list[str], limits: list[str]) -> Path:
        asked = [self.interpreter.digest, installer.name, texts, limits, install.settings()]
        name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:20]
        return self.cache.place("resolutions") / f"{name}.json"


def _texts(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))


def _all_of(wish: Wish) -> list[str]:
    return _texts((*wish.project, *wish.added))


def _read(file: Path) -> tuple[float, list[str]] | None:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        pins = list(map(str, known["pins"]))
        if not all(map(PIN.fullmatch, pins)):
            return None
        return float(known["epoch_s"]), pins
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
