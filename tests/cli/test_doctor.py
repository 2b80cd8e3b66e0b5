"""`trackscape doctor`, also of an installation that is not whole."""

import json
import subprocess
import sys
from importlib import metadata

import pytest

from trackscape.cli import doctor

WITHOUT = """
import sys
for name in {absent}:
    sys.modules[name] = None
sys.argv = ["trackscape", "doctor", "--json", "-"]
from trackscape.cli import main
try:
    main()
finally:
    heavy = "lightning", "matplotlib", "pyarrow", "ray"
    print([name for name in heavy if sys.modules.get(name)], file=sys.stderr)
"""


@pytest.mark.parametrize("absent", [["torch"], ["numba", "llvmlite"], ["torch", "numba", "numpy"]])
def test_packages_that_are_absent_are_told(absent):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(absent=absent)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["gpu"].startswith("unknown (ModuleNotFoundError: ") is ("torch" in absent)
    assert found["compiled"].startswith("unknown (ModuleNotFoundError: ") is ("numba" in absent)
    assert done.stderr.splitlines()[-1] == "[]"  # nothing is loaded that it does not ask


def test_an_extra_that_is_not_installed_is_told(trackscape, monkeypatch):
    there = metadata.version

    def version(name: str) -> str:
        if name in ("uproot", "scipy"):
            raise metadata.PackageNotFoundError(name)
        return there(name)

    monkeypatch.setattr(metadata, "version", version)
    said = trackscape("doctor").out.splitlines()
    assert "[root]         uproot is not installed" in said
    assert "scipy               missing" in said
    found = doctor.describe_installation()
    assert found["extras"]["root"] == {"uproot": None}
    assert not {"all", "dev"} & found["extras"].keys()


def test_a_source_that_is_not_installed_is_described(trackscape, monkeypatch):
    def requires(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    outcome = trackscape("doctor")
    assert outcome.status == 0
    assert outcome.out.startswith("trackscape ")


def test_nothing_names_the_user(trackscape, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("USER", "somebody")
    outcome = trackscape("doctor", "--json", "-")
    assert "somebody" not in outcome.out
    assert str(tmp_path) not in outcome.out
