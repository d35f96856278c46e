"""A chart's SVG has the colours of a light page and of a dark one."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from callcost.console.page import DARK, LIGHT, Theme, save


def test_black_and_white_can_change_places(tmp_path: Path) -> None:
    # matplotlib writes no colour for black text.
    def drawing(theme: Theme) -> Figure:
        figure = Figure((1, 1))
        figure.text(0, 0, "a", color="#ffffff" if theme is LIGHT else "#000000")
        figure.text(0, 1, "b", color="#ffffff" if theme is DARK else "#000000")
        return figure

    (path,) = save(drawing, tmp_path / "chart", ["svg"])
    sheet = path.read_text().partition("</style>")[0]
    light, _, dark = sheet.partition("@media (prefers-color-scheme:dark)")
    assert light.count("fill:#ffffff;font") == 1
    assert "fill:initial" in dark and dark.count("fill:#ffffff") == 1


def test_drawings_that_differ_in_more_than_colours_are_refused(tmp_path: Path) -> None:
    def drawing(theme: Theme) -> Figure:
        figure = Figure((1, 1))
        figure.text(0, 0, theme.name)
        return figure

    with pytest.raises(ValueError, match="differ in more than their colours"):
        save(drawing, tmp_path / "chart", ["svg"])
    assert not list(tmp_path.iterdir())
