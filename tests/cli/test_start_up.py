"""What a command loads before it works."""

import subprocess
import sys

import pytest

from trackscape import samples

CODE = """
import sys
from trackscape.cli import main
sys.argv = ["trackscape", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(sorted({"torch", "numba", "matplotlib", "lightning"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["inspect", samples.VALIDATION], ["--version"]]
)
def test_inspect_and_help_load_neither_torch_nor_numba(arguments):
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
