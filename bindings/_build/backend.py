"""The build backend: setuptools, told to build the instrument alone or the suite with it.

A wheel is the instrument alone and needs no compiler. An editable install is the suite, with the
mechanisms that a C and a C++ compiler can build. `--config-settings mechanisms=CHOICE` asks for
one of them: none (the instrument), few, default, or all. `layouts=N` asks for the suite's files
in so many further layouts. The environment variables CALLCOST_MECHANISMS and CALLCOST_LAYOUTS do
the same for frontends that lack the option.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import build_sdist as build_sdist
from setuptools.build_meta import get_requires_for_build_sdist as get_requires_for_build_sdist

from . import layouts
from .choice import CHOICES, NONE, VARIABLE, build_requires
from .layouts import linked

Settings = Mapping[str, Any] | None
OPTION = "mechanisms"


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """List what building a wheel needs beyond pyproject.toml's requirements."""
    with _chosen(config_settings, "none") as choice:
        required = build_meta.get_requires_for_build_wheel(config_settings)
        return [*required, *build_requires(choice)]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """List what an editable install needs beyond pyproject.toml's requirements."""
    with _chosen(config_settings, "default") as choice:
        required = build_meta.get_requires_for_build_editable(config_settings)
        return [*required, *build_requires(choice)]


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the metadata of a wheel into a folder."""
    with _chosen(config_settings, "none"):
        return str(build_meta.prepare_metadata_for_build_wheel(metadata_directory, config_settings))


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the metadata of an editable install into a folder."""
    with _chosen(config_settings, "default"):
        prepare = build_meta.prepare_metadata_for_build_editable
        return str(prepare(metadata_directory, config_settings))


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel into a folder."""
    with _chosen(config_settings, "none"):
        return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build into the checkout, and write a wheel that points to it into a folder."""
    with _chosen(config_settings, "default") as choice, linked(_layouts(config_settings, choice)):
        return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


def _layouts(config_settings: Settings, choice: str) -> int:
    """Return the number of layouts that were asked for."""
    if choice == NONE:
        return 0
    asked = (config_settings or {}).get("layouts") or os.environ.get(layouts.VARIABLE)
    if asked is not None and (not str(asked).isdecimal() or 0 < int(asked) < layouts.LEAST):
        least = layouts.LEAST
        raise SystemExit(
            f"Cannot build layouts={asked}. Give 0 for none, or a whole number from {least} on: "
            "fewer show no interval."
        )
    return layouts.COUNT if asked is None else int(asked)


@contextmanager
def _chosen(config_settings: Settings, otherwise: str) -> Iterator[str]:
    """Tell setup.py, which runs in this process, which mechanisms to build."""
    asked = os.environ.get(VARIABLE)
    choice = (config_settings or {}).get(OPTION) or asked or otherwise
    if choice not in CHOICES:
        known = ", ".join(CHOICES[:-1])
        raise SystemExit(f"Cannot build {OPTION}={choice}. Choose {known} or {CHOICES[-1]}.")
    os.environ[VARIABLE] = choice
    try:
        yield choice
    finally:
        del os.environ[VARIABLE]
        if asked is not None:
            os.environ[VARIABLE] = asked
