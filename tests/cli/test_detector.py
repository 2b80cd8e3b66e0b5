"""`trackscape detector`: what it prints and draws, and what it refuses."""

from pathlib import Path

import pytest


def test_table_and_picture(trackscape, tmp_path):
    outcome = trackscape("detector", "bergen-final", "--energy", 150, "-o", "pictures/stack.png")
    assert outcome.status == 0, outcome.err
    assert "WET at 150 MeV / mm" in outcome.out
    assert "333.5365" in outcome.out  # the first plane of the calorimeter
    assert "calorimeter 40" in outcome.out
    assert (tmp_path / "pictures" / "stack.png").read_bytes().startswith(b"\x89PNG")


def test_the_default_is_the_stack_of_the_shared_data(trackscape, tmp_path):
    outcome = trackscape("detector")
    assert "bergen-auto" in outcome.out
    assert "WET at 200 MeV / mm | WET at 100 MeV / mm" in outcome.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["bergen"], "bergen-auto, bergen-final"),
        (["absent.yaml"], "absent.yaml"),
        (["bergen-auto", "--energy", 50000], "50000"),
        (["bergen-auto", "--energy", "nan"], "energies"),
    ],
)
def test_mistakes_end_in_one_sentence(trackscape, tmp_path, arguments, names):
    outcome = trackscape("detector", *arguments, "-o", "stack.png")
    assert outcome.status == 2
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.strip().splitlines()) == 1
    assert names in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_the_documentation_shows_the_table_as_printed(trackscape):
    page = Path(__file__).parents[2].joinpath("docs", "detectors.md").read_text("utf-8")
    printed = trackscape("detector").out.splitlines()
    shown = [line for line in page.splitlines() if line.startswith(("| tracker ", "| all "))]
    shown += [line for line in page.splitlines() if line.startswith("| calorimeter ")]
    assert len(shown) == 5
    assert set(shown) <= set(printed)


def test_the_stack_of_the_documentation_is_a_detector(trackscape, tmp_path):
    page = Path(__file__).parents[2].joinpath("docs", "detectors.md").read_text("utf-8")
    stack = next(part for part in page.split("```yaml\n")[1:] if part.startswith("name:"))
    (tmp_path / "toy.yaml").write_text(stack.split("```")[0])
    outcome = trackscape("detector", "toy.yaml")
    assert outcome.status == 0, outcome.err
    assert "calorimeter 29" in outcome.out
