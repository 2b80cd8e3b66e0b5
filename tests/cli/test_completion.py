"""What shells complete."""

import os
import subprocess
import sys

import pytest

from trackscape.cli import completion
from trackscape.cli.completion import METHODS, NETWORKS, PHANTOMS, REGIMES, detectors, settings_of
from trackscape.emulation.m7 import REGIMES as KNOWN_REGIMES
from trackscape.formats import shipped_settings
from trackscape.scoring import METHODS as SHIPPED
from trackscape.simulation import load_detector, parse_phantom
from trackscape.tracker_landscape.config import load_weights
from trackscape.tracking import TRACKERS

CODE = """
import sys
from trackscape.cli import main
sys.argv = ["trackscape"]
try:
    main()
finally:
    print(sorted({"torch", "numba", "matplotlib"} & set(sys.modules)))
"""


def complete(words: str) -> list[str]:
    """Returns what bash would offer for the last word, which must not load what takes seconds."""
    given = words.split(" ")
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(given) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env=os.environ | asked | {"_TRACKSCAPE_COMPLETE": "complete_bash"},
    )
    *found, loaded = done.stdout.splitlines()
    assert loaded == "[]", done.stderr
    return [line for line in found if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("trackscape ev", ["evaluate"]),
        ("trackscape evaluate a.npz --method ka", ["kalman"]),
        ("trackscape landscape surface a.npz --method line-graph-ptt", ["line-graph-ptt"]),
        ("trackscape train cpu/tr", ["cpu/trackscape", "cpu/trackscape-wide"]),
        ("trackscape tune tuning/ka", ["tuning/kalman"]),
        ("trackscape simulate --scan scan/h", ["scan/head"]),
        ("trackscape simulate --phantom ctp", ["ctp404"]),
        ("trackscape detector bergen-f", ["bergen-final"]),
        ("trackscape simulate --engine g", ["geant4"]),
        ("trackscape train own.ya", []),  # a shell then completes names of files
    ],
)
def test_names_are_completed(words, expected):
    assert complete(words) == expected


def test_methods_are_those_that_there_are():
    assert sorted(METHODS) == sorted(TRACKERS)
    assert sorted(NETWORKS) == sorted(SHIPPED)
    for name in NETWORKS:
        assert load_weights(name).architecture


def test_regimes_are_those_that_there_are():
    assert tuple(KNOWN_REGIMES) == REGIMES


def test_detectors_and_phantoms_are_those_that_there_are():
    for name in detectors(""):
        assert load_detector(name).name == name
    for name in PHANTOMS:
        assert parse_phantom(f"{name}100" if name.endswith(":") else name)


def test_settings_are_those_of_their_verb():
    assert settings_of()("") == shipped_settings()
    kinds = ("cpu", "paper"), ("tuning",), ("emulation",), ("scan",)
    found = [name for each in kinds for name in settings_of(*each)("")]
    assert sorted(found) == shipped_settings()


def test_the_script_for_a_shell_is_printed():
    done = subprocess.run(
        [sys.executable, "-m", "trackscape", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert "complete -o default" in done.stdout


def test_the_names_are_told_apart_from_files():
    assert completion.among(("a", "ab", "b"))("a") == ["a", "ab"]
