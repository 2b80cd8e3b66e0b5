"""The command `trackscape`: options of the verbs, no logic of its own."""

from trackscape.cli.main import main as main
