"""The command line, one file per command: ``main`` is what the script ``wellbegun`` calls."""

from wellbegun.cli.group import main

__all__ = ["main"]
