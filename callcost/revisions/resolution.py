"""Chooses versions of packages: the same for both sides wherever possible.

A build tool whose version differs by chance would look like a slowdown. Sides with the same
interpreter therefore resolve together first, without what their SPECs add. Each side then keeps
these versions, except for what its SPEC names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from callcost.revisions.errors import BuildError, ContradictionError
from callcost.revisions.supervision import Supervision


@dataclass(frozen=True)
class Wish:
    """What one side requires: the project's requirements, and those that its SPEC adds."""

    label: str
    project: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        """All requirements, sorted."""
        return sorted({*self.project, *self.added})


@dataclass
class Resolver:
    """Resolves for one interpreter; `notes` collects remarks for the report."""

    python: str
    supervision: Supervision
    report: Callable[[str], None]
    notes: list[str] = field(default_factory=list)

    def together(self, wishes: Sequence[Wish]) -> list[list[str]]:
        """Returns the pins of each side; raises ContradictionError, BuildError, CancelledError."""
        label = " and ".join(dict.fromkeys(wish.label for wish in wishes))
        if all(wish.texts == wishes[0].texts for wish in wishes):
            return [self._resolve(label, wishes[0].texts)] * len(wishes)
        limits = self._common(wishes, label)
        with ThreadPoolExecutor(len(wishes)) as pool:
            return list(pool.map(self._side, wishes, [limits] * len(wishes)))

    def _common(self, wishes: Sequence[Wish], label: str) -> list[str]:
        try:
            return self._resolve(label, sorted({text for wish in wishes for text in wish.project}))
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
            return self._resolve(wish.label, wish.texts, kept)
        except ContradictionError:
            if not kept:
                raise
            # What the SPEC adds may need other versions of the rest as well.
            return self._resolve(wish.label, wish.texts)

    def _resolve(self, label: str, texts: list[str], limits: Sequence[str] = ()) -> list[str]:
        """Has uv choose versions; raises ContradictionError, BuildError, CancelledError."""
        if not texts:
            return []
        self.report(f"resolving the requirements of {label}")
        job = {"kind": "resolve", "python": self.python, "texts": texts, "limits": limits}
        try:
            return list(self.supervision.run(job, self.report)["pins"])
        except ContradictionError as error:
            message = f"the requirements of {label} cannot be met: {error}"
            raise ContradictionError(message) from None
        except BuildError as error:
            message = f"the requirements of {label} cannot be resolved: {error}"
            raise BuildError(message, error.log_tail) from error
