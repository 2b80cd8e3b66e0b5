"""The command `trackscape`: options of the verbs, no logic of its own."""

from trackscape.cli.computing import keep_freed_memory as keep_freed_memory
from trackscape.cli.main import main as main
