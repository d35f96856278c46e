"""Other layouts of an environment: its libraries, linked in another order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from callcost.model.contender import Binary, Contender


@dataclass(frozen=True)
class Layout:
    """An environment that differs from another one only in how its libraries are linked.

    `python` is its interpreter. `libraries` has the path and the SHA-256 of each library here, by
    its path there.
    """

    python: str
    libraries: Mapping[str, tuple[str, str]]

    def contender(self, contender: Contender) -> Contender:
        """Returns the contender of the other environment with the libraries of this one."""
        return replace(contender, binaries=tuple(map(self._here, contender.binaries)))

    def _here(self, binary: Binary) -> Binary:
        path, sha256 = self.libraries.get(binary.path, (binary.path, binary.sha256))
        return replace(binary, path=path, sha256=sha256)
