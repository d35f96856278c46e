"""Skips the tests of the site, with the reason, where what it is written with is not installed."""

from __future__ import annotations

import pytest

try:
    from callcost.benchmarks.site import site as site
except ModuleNotFoundError as error:
    pytest.skip(f"not installed: {error.name} (callcost[site])", allow_module_level=True)


def one_process(name: str) -> pytest.MarkDecorator:
    """Runs all tests of a file that use the same site in one process."""
    return pytest.mark.xdist_group(name)
