"""The build backend: setuptools', which builds the instrument alone or the suite with it.

A wheel is the instrument alone and needs no compiler. An editable install is the suite, with the
mechanisms that a C and a C++ compiler can build. Either can be asked for by `--config-settings
mechanisms=CHOICE`, or by the environment variable CALLCOST_MECHANISMS for a frontend without
that option: none (the instrument), few, default, or all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import build_sdist, get_requires_for_build_sdist

from .choice import CHOICES, VARIABLE, build_requires

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


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """List what a wheel needs to be built, beside what pyproject.toml requires."""
    with _chosen(config_settings, "none") as choice:
        required = build_meta.get_requires_for_build_wheel(config_settings)
        return [*required, *build_requires(choice)]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """List what an editable install needs to be built, beside what pyproject.toml requires."""
    with _chosen(config_settings, "default") as choice:
        required = build_meta.get_requires_for_build_editable(config_settings)
        return [*required, *build_requires(choice)]


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write a wheel's metadata into the folder."""
    with _chosen(config_settings, "none"):
        return str(build_meta.prepare_metadata_for_build_wheel(metadata_directory, config_settings))


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write an editable install's metadata into the folder."""
    with _chosen(config_settings, "default"):
        prepare = build_meta.prepare_metadata_for_build_editable
        return str(prepare(metadata_directory, config_settings))


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel into the folder."""
    with _chosen(config_settings, "none"):
        return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build into the checkout, and into the folder a wheel that points to it."""
    with _chosen(config_settings, "default"):
        return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


@contextmanager
def _chosen(config_settings: Settings, otherwise: str) -> Iterator[str]:
    """Tell setup.py, which setuptools runs in this process, which mechanisms to build."""
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
