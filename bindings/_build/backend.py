"""The build backend: setuptools' own, with the tools of the optional mechanisms where asked for.

`pip install --config-settings mechanisms=all ...` has them installed for the build; without it,
mechanisms whose tool is not there are left out, and the others are built as ever.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = Mapping[str, Any] | None
OPTION = "mechanisms"
CHOICES = ("core", "all")


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Lists what a wheel needs to be built, beside what pyproject.toml requires."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_optional(config_settings)]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Lists what an editable install needs to be built, beside what pyproject.toml requires."""
    required = build_meta.get_requires_for_build_editable(config_settings)
    return [*required, *_optional(config_settings)]


def _optional(config_settings: Settings) -> list[str]:
    chosen = (config_settings or {}).get(OPTION, "core")
    if chosen not in CHOICES:
        raise SystemExit(f"{OPTION}={chosen} is not known: say {OPTION}={' or '.join(CHOICES)}")
    if chosen == "core":
        return []
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    return list(project["tool"]["callcost"]["optional-build-requires"])
