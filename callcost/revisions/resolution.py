"""Chooses versions of packages: the same for both sides wherever possible.

A build tool whose version differs by chance would look like a slowdown. Sides with the same
interpreter therefore resolve together first, without what their SPECs add. Each side then keeps
these versions, except for what its SPEC names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from callcost.revisions.errors import BuildError, ContradictionError
from callcost.revisions.interpreter import Interpreter
from callcost.revisions.project import Project
from callcost.revisions.source import Source
from callcost.revisions.spec import Spec
from callcost.revisions.supervision import Supervision
from callcost.run.together import together


@dataclass(frozen=True)
class Wanted:
    """A SPEC, and everything that its environment is made from."""

    spec: Spec
    source: Source
    interpreter: Interpreter
    project: Project
    notes: tuple[str, ...]
    pins: tuple[str, ...] = ()
    key: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The side as people read it: main (1f981bd), cpython 3.13.0."""
        return ", ".join((self.source.phrase, self.interpreter.label, *self.spec.requirements))

    @property
    def named(self) -> list[str]:
        """The names of the packages that its SPEC requires."""
        return sorted({canonicalize_name(Requirement(t).name) for t in self.spec.requirements})

    @property
    def texts(self) -> list[str]:
        """All requirements, the project's and those that its SPEC adds, sorted."""
        return sorted({*self.project.requirements, *self.spec.requirements})


@dataclass
class Resolver:
    """Resolves for one interpreter; `notes` collects remarks for the report.

    `lenient`: a requirement that it cannot have is left out, and `left_out` says why.
    """

    python: str
    supervision: Supervision
    report: Callable[[str], None]
    lenient: bool = False
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def together(self, sides: Sequence[Wanted]) -> list[list[str]]:
        """Returns the pins of each side; raises ContradictionError, BuildError, CancelledError."""
        label = " and ".join(dict.fromkeys(side.label for side in sides))
        if all(side.texts == sides[0].texts for side in sides):
            if self.lenient:
                build_requires = sides[0].project.build_requires
                return [self._possible(label, sides[0].texts, build_requires)] * len(sides)
            return [self._resolve(label, sides[0].texts)] * len(sides)
        limits = self._common({side.project.requirements for side in sides}, label)
        return together(lambda side: self._side(side, limits), sides)

    def _possible(
        self, label: str, texts: Sequence[str], build_requires: Sequence[str]
    ) -> list[str]:
        """Resolves without the requirements that cannot be met even alone.

        If one of the build itself cannot, as without a network, there is nothing to leave out.
        """
        try:
            return self._resolve(label, texts)
        except (BuildError, ContradictionError):
            self._resolve(label, build_requires)
            kept = [text for text in texts if self._can_be_met(label, text)]
            if len(kept) in (0, len(texts)):
                raise
            return self._resolve(label, kept)

    def _can_be_met(self, label: str, text: str) -> bool:
        try:
            self._resolve(label, [text])
        except (BuildError, ContradictionError) as error:
            self.left_out[canonicalize_name(Requirement(text).name)] = str(error)
            return False
        return True

    def _common(self, required: set[tuple[str, ...]], label: str) -> list[str]:
        try:
            return self._resolve(label, sorted(set().union(*required)))
        except ContradictionError:
            if len(required) > 1:
                self.notes.append(
                    "the two sides require versions that exclude each other, so each has its own"
                )
            return []

    def _side(self, side: Wanted, limits: list[str]) -> list[str]:
        kept = [pin for pin in limits if canonicalize_name(Requirement(pin).name) not in side.named]
        try:
            return self._resolve(side.label, side.texts, kept)
        except ContradictionError:
            if not kept:
                raise
            # What the SPEC adds may need other versions of the rest as well.
            return self._resolve(side.label, side.texts)

    def _resolve(self, label: str, texts: Sequence[str], limits: Sequence[str] = ()) -> list[str]:
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
