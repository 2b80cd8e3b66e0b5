"""The command `trackscape`: one small file for each verb, no logic of its own."""

from trackscape.cli.main import main as main

__all__ = ["main"]
