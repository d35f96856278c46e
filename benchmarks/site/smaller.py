"""Makes SVG smaller: attributes that a group's marks share are written once, shapes briefly.

A site has about two hundred charts, and most of what the renderer writes is repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from markupsafe import Markup

Element = ElementTree.Element

SVG = "{http://www.w3.org/2000/svg}"
# The style sheet or the page sets these for all charts.
NEEDLESS = {
    "font-family", "font-size", "role", "version", "pointer-events", "display",
    "stroke-miterlimit",
}  # fmt: skip
DEFAULTS = {
    "opacity": "1", "stroke-width": "1", "text-anchor": "start", "transform": "translate(0,0)",
    "x2": "0", "y2": "0",
}  # fmt: skip
# The attributes that members inherit from their group.
INHERITED = ("fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor")
# The style sheet needs this class, of figures beside points.
KEPT_CLASS = "mark-text role-mark"
_LONG_NUMBER = re.compile(r"(\d+\.\d)\d+")
_MOVED = re.compile(r"translate\(([^,]+),([^)]+)\)")
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0(?:Z)?")


def smaller(svg: str) -> Markup:
    """Returns SVG that looks the same in a page with the style sheet."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        _clean(element)
    _prune(root)
    for group in root.iter("g"):
        _hoist(group)
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
    # The serialiser has escaped its text.
    return Markup(text.replace(" />", "/>"))


def _clean(element: Element) -> None:
    for name, value in list(element.attrib.items()):
        if _is_needless(name, value):
            del element.attrib[name]
        elif name == "class":
            element.set(name, KEPT_CLASS)
        elif name not in ("fill", "stroke"):
            element.set(name, _LONG_NUMBER.sub(r"\1", value))
    _shape(element)


def _is_needless(name: str, value: str) -> bool:
    if name == "class":
        return not value.startswith(KEPT_CLASS)
    return name in NEEDLESS or name.startswith("aria-") or DEFAULTS.get(name) == value


def _shape(element: Element) -> None:
    """Replaces the translation of a mark by its place."""
    moved = _MOVED.fullmatch(element.get("transform", ""))
    circle = _CIRCLE.fullmatch(element.get("d", "")) if element.tag == "path" else None
    if circle is not None:
        element.tag = "circle"
        element.attrib.pop("d")
        element.set("r", circle[1])
    places = {"circle": ("cx", "cy"), "text": ("x", "y")}.get(element.tag)
    if element.tag == "line":
        _as_path(element, moved.groups() if moved else ("0", "0"))
    elif moved is not None and places is not None:
        del element.attrib["transform"]
        for name, value in zip(places, moved.groups(), strict=True):
            element.set(name, value)


def _as_path(line: Element, start: Sequence[str]) -> None:
    """Turns a line into a path, which can be joined with others."""
    line.attrib.pop("transform", None)
    x, y = line.attrib.pop("x2", "0"), line.attrib.pop("y2", "0")
    ways = {("0", y): f"v{y}", (x, "0"): f"h{x}"}
    line.tag = "path"
    line.set("d", f"M{','.join(start)}{ways.get((x, y), f'l{x},{y}')}")


def _prune(element: Element) -> None:
    """Removes invisible elements, and groups without attributes that hold one element."""
    for child in list(element):
        _prune(child)
        unseen = child.tag == "path" and not {"fill", "stroke"} & child.attrib.keys()
        if unseen or (child.tag == "g" and not len(child)):
            element.remove(child)
    for place, child in enumerate(list(element)):
        if child.tag == "g" and len(child) == 1 and not child.attrib:
            element[place] = child[0]


def _hoist(group: Element) -> None:
    """Moves attributes that all members share to their group, and joins paths."""
    members = list(group)
    if len(members) < 2:
        return
    for name, value in list(_shared(members)):
        for member in members:
            del member.attrib[name]
        group.set(name, value)
    if all(member.tag == "path" and list(member.attrib) == ["d"] for member in members):
        members[0].set("d", "".join(member.get("d", "") for member in members))
        for member in members[1:]:
            group.remove(member)


def _shared(members: list[Element]) -> Iterator[tuple[str, str]]:
    for name in INHERITED:
        values = {member.get(name) for member in members}
        value = values.pop()
        if not values and value is not None:
            yield name, value
