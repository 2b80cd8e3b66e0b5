"""`trackscape compare` prints what differs and writes everything when it is asked to."""

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from trackscape import samples
from trackscape.cli.describe import compare_verb
from trackscape.errors import DataError, FormatError


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the verb alone, in an empty folder."""
    app = typer.Typer()
    app.command()(compare_verb)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, columns: int = 150) -> Result:
        monkeypatch.setenv("COLUMNS", str(columns))
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def half(tmp_path):
    """The first half of the sample, with energies that are a tenth too large."""
    rows = np.load(samples.VALIDATION, allow_pickle=False)["arr_0"]
    rows = rows[: len(rows) // 2].copy()
    rows["edep"] *= 1.1
    np.savez(tmp_path / "half.npz", rows)
    return tmp_path / "half.npz"


@pytest.mark.parametrize("columns", [80, 150])
def test_the_summary_says_which_quantity_fails(run, half, tmp_path, columns):
    outcome = run(samples.VALIDATION, half, columns=columns)
    assert outcome.exit_code == 0, outcome.output
    fails = {
        name: int(line.split()[-1])
        for name in ("energy", "lateral")
        for line in reversed(outcome.stdout.splitlines())
        if line.strip().startswith(f"{name} ") and line.split()[-1].isdigit()
    }
    assert fails["energy"] > 10
    assert fails["lateral"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["half.npz"]


def test_everything_is_written_to_a_folder(run, half, tmp_path):
    outcome = run(samples.VALIDATION, half, "-o", "out", "--primaries-b", 500)
    assert outcome.exit_code == 0, outcome.output
    assert "500 primaries" in outcome.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"comparison.csv", "comparison.md", "comparison.png", "distances.csv"}


def test_a_file_that_is_not_there_and_too_few_primaries_are_errors(run, tmp_path):
    assert isinstance(run(samples.VALIDATION, "absent.npz").exception, FormatError)
    outcome = run(samples.VALIDATION, samples.VALIDATION, "--primaries-a", 3, "-o", "out")
    assert isinstance(outcome.exception, DataError)
    assert list(tmp_path.iterdir()) == []
