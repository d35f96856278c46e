"""Draws the charts of the site: as SVG for readers without JavaScript, and for those with it live.

Both are made by Vega from one description. vl-convert renders the SVG, and hands out the
JavaScript of the same version for the page.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import altair as alt
import vl_convert
from markupsafe import Markup

from callcost.benchmarks.report.charts import STATIC_WIDTH_PX, Spec

VEGALITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
# What of the bundle the pages use.
EXPORTED = "window.vegaEmbed = vegaEmbed;"
# Fewer charts than this are drawn sooner than another process is started.
WORTH_A_PROCESS = 24

_LONG_NUMBER = re.compile(r"(\d+\.\d\d)\d+")
# What the style sheet says for all, or what is said of the chart as a whole.
_REPEATED = re.compile(
    r' (font-family|aria-[a-z]+|role|xmlns:xlink|version|pointer-events|display)="[^"]*"'
)
_EMPTY = re.compile(r'<(?:path|g) class="(?:background|foreground)" d="[^"]*"/>|<g/>')


@dataclass(frozen=True)
class Chart:
    """A chart with its name on the page, and what it shows in words."""

    name: str
    spec: Spec
    title: str


def svg(chart: Chart) -> Markup:
    """Renders a chart as SVG, to stand in a page that has the style sheet's variables."""
    spec = {**chart.spec, "width": STATIC_WIDTH_PX}
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)
    drawn = _EMPTY.sub("", _REPEATED.sub("", drawn))
    # The text in it was escaped by the renderer.
    return Markup(_LONG_NUMBER.sub(r"\1", drawn))


def svgs(charts: Iterable[Chart]) -> list[Markup]:
    """Renders many charts, on all processors if they are worth it."""
    wanted = list(charts)
    shares = (os.cpu_count() or 1) if len(wanted) >= WORTH_A_PROCESS else 1
    others = [_Renderer(wanted[share::shares]) for share in range(1, shares)]
    own = [svg(chart) for chart in wanted[::shares]]
    parts = [own, *(other.finish() for other in others)]
    return [parts[place % shares][place // shares] for place in range(len(wanted))]


class _Renderer:
    """Renders charts in a process of its own; it ends when its input does."""

    def __init__(self, charts: Iterable[Chart]) -> None:
        described = json.dumps([asdict(chart) for chart in charts])
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdin is not None
        self._process.stdin.write(described)
        self._process.stdin.close()

    def finish(self) -> list[Markup]:
        """Returns what was rendered; raises CalledProcessError if that has failed."""
        assert self._process.stdout is not None
        text = self._process.stdout.read()
        if self._process.wait():
            raise subprocess.CalledProcessError(self._process.returncode, self._process.args)
        return [Markup(drawn) for drawn in json.loads(text)]


def javascript() -> str:
    """Returns Vega, Vega-Lite and Vega-Embed in one script, which leaves no names but theirs."""
    return "{" + vl_convert.javascript_bundle(EXPORTED, vl_version=VEGALITE) + "}\n"


def main() -> None:
    """Renders the charts that standard input describes, as a list of SVG in JSON."""
    charts = [Chart(**described) for described in json.load(sys.stdin)]
    json.dump([svg(chart) for chart in charts], sys.stdout)


if __name__ == "__main__":
    main()
