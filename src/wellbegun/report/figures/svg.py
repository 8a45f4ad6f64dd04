"""A figure as inline SVG: real text, no background, colours as CSS variables, ids of its own."""

from __future__ import annotations

import io
import re

from matplotlib import rc_context
from matplotlib.figure import Figure

from wellbegun.report.figures._base import PALETTE

_GEOMETRY = re.compile(r' (d|transform|x|y|x1|x2|y1|y2|width|height|points)="([^"]*)"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_FONT = re.compile(r"font: (?:(\d+|bold|normal) )?([\d.]+)px [^;\"]*")


def to_svg(figure: Figure, name: str, description: str) -> str:
    """One ``<svg>`` element to put into a page, as wide as its place allows.

    Args:
        name: starts every id inside; two figures of one page need different names.
        description: what it shows, for those who cannot see it.
    """
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<= )id="([^"]*)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', text)
    text = _GEOMETRY.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), text)
    text = _FONT.sub(lambda m: f"font-size: {m[2]}px" + (f"; font-weight: {m[1]}" if m[1] else ""), text)
    for colour, variable in PALETTE.items():
        text = text.replace(colour, f"var(--{variable}, {colour})")
    text = re.sub(r"\s*\n\s*", " ", text).strip()
    return _head(text, description)


def _head(text: str, description: str) -> str:
    """The opening tag with the view box alone, so that the page decides about the size."""
    head, rest = text.split(">", 1)
    found = re.search(r'viewBox="([^"]*)"', head)
    box = found[1] if found else "0 0 504 245"
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<svg viewBox="{box}" role="img" aria-label="{label}">{rest}'
