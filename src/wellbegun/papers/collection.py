"""Every exhibit there is: a module of a paper's folder with an ``EXHIBIT`` in it is one."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from wellbegun.papers.exhibit import Exhibit

PAPERS = ("smith2018", "smith_topin2017", "smith2015")


@cache
def exhibits() -> dict[str, Exhibit]:
    """Id -> exhibit, in the order of the papers and their files."""
    found: dict[str, Exhibit] = {}
    for paper in PAPERS:
        package = import_module(f"wellbegun.papers.{paper}")
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.startswith("_"):  # what several figures share
                continue
            exhibit: Exhibit = import_module(f"{package.__name__}.{module.name}").EXHIBIT
            found[exhibit.id] = exhibit
    return found


def named(name: str) -> Exhibit:
    """The exhibit of that id.

    Raises:
        ValueError: there is none.
    """
    if name not in exhibits():
        raise ValueError(f"an exhibit is one of {', '.join(exhibits())}, got {name!r}")
    return exhibits()[name]
