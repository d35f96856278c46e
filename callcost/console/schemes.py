"""One SVG for light and dark pages: shapes have classes, and a style sheet has the colours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from scour import scour

SVG = "{http://www.w3.org/2000/svg}"
ElementTree.register_namespace("", SVG[1:-1])
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
# matplotlib writes millionths of a point. A tenth is finer than any screen.
_NUMBER = re.compile(r"\d+\.\d+")
_OPTIONS = (
    "--quiet", "--strip-xml-prolog", "--remove-metadata", "--enable-id-stripping",
    "--shorten-ids", "--indent=none", "--no-line-breaks", "--set-precision=5",
)  # fmt: skip

Element = ElementTree.Element
Styles = dict[str, str]


def one_svg(light: str, dark: str) -> str:
    """Merges two drawings of a figure that differ only in colours. Raises ValueError otherwise."""
    root, other = map(ElementTree.fromstring, (light, dark))
    classes: dict[tuple[str, str], str] = {}
    for here, there in zip(root.iter(), other.iter(), strict=True):
        styles = here.attrib.pop("style", ""), there.attrib.pop("style", "")
        if (here.tag, here.get("d"), here.text) != (there.tag, there.get("d"), there.text):
            raise ValueError("the drawings differ in more than their colours")
        if any(styles):
            here.set("class", classes.setdefault(styles, f"c{len(classes)}"))
        _shorten(here)
    _flatten(root)
    _join_texts(root)
    sheet = next(root.iter(f"{SVG}style"))
    sheet.text = f"{sheet.text}{_rules(classes)}"
    text = ElementTree.tostring(root, encoding="unicode")
    return str(scour.scourString(text, scour.parse_args(list(_OPTIONS))))


def _shorten(element: Element) -> None:
    """Rounds numbers, and removes rotations by nothing and the names of groups."""
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    if element.tag == f"{SVG}g":
        element.attrib.pop("id", None)
    for name in element.attrib.keys() & {"d", "x", "y", "transform"}:
        value = element.attrib[name]
        element.set(name, _NUMBER.sub(lambda found: f"{float(found[0]):.1f}", value))


def _rules(classes: dict[tuple[str, str], str]) -> str:
    light, dark = "", ""
    for styles, name in classes.items():
        own, others = map(_read, styles)
        light += _rule(name, own.items())
        # matplotlib leaves out defaults: black text has no fill.
        others = dict.fromkeys(own, "initial") | others
        # Both drawings have the same patterns, under different names.
        changed = {item for item in others.items() - own.items() if not item[1].startswith("url(")}
        dark += _rule(name, changed)
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _read(style: str) -> Styles:
    pairs = (part.partition(":") for part in style.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _rule(name: str, properties: Iterable[tuple[str, str]]) -> str:
    body = ";".join(f"{key}:{value}" for key, value in sorted(properties))
    return f".{name}{{{body}}}" if body else ""


def _flatten(parent: Element) -> None:
    """Replaces groups without attributes by their members."""
    members: list[Element] = []
    for child in parent:
        _flatten(child)
        members += child if child.tag == f"{SVG}g" and not child.attrib else [child]
    parent[:] = members


def _join_texts(root: Element) -> None:
    """Joins neighbouring texts of one line and class into one text with parts."""
    members: list[Element] = []
    for child in root:
        before = members[-1] if members else None
        if before is not None and _line(child) and _line(child) == _line(before):
            if "x" in before.attrib:
                _add_part(before, before.attrib.pop("x"), before.text)
                before.text = None
            _add_part(before, child.attrib["x"], child.text)
        else:
            members.append(child)
    root[:] = members


def _line(element: Element) -> tuple[str | None, ...] | None:
    """Returns what texts must share to be joined. None: this element cannot be joined."""
    if element.tag != f"{SVG}text" or "transform" in element.attrib:
        return None
    return element.get("y"), element.get("class")


def _add_part(text: Element, x: str, content: str | None) -> None:
    part = ElementTree.SubElement(text, f"{SVG}tspan", {"x": x})
    part.text = content
