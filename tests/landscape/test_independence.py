"""Landscapes are those of any model: nothing of tracks is loaded, nor what only pictures need."""

import subprocess
import sys

ALLOWED = (
    "errors",
    "execution",
    "files",
    "landscape",
    "memory",
    "pages",
    "pictures",
    "statistics",
    "text",
)
SCRIPT = """
import sys
import trackscape.landscape
loaded = {name.split(".")[1] for name in sys.modules if name.startswith("trackscape.")}
print(*sorted(loaded | ({"numba", "matplotlib", "ray"} & set(sys.modules))))
"""


def test_importing_landscapes_loads_nothing_else():
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert set(found.stdout.split()) <= {*ALLOWED, "progress"}
