"""How much verbs say: --quiet, --verbose, and neither."""

import contextlib
import logging
import re

import pytest

from trackscape import progress, samples
from trackscape.cli.output import speaking
from trackscape.errors import ConfigError

RECONSTRUCT = ("reconstruct", samples.VALIDATION, "--per-frame", 200, "--method", "greedy")
OUTPUT = ("-o", "t.csv")


@pytest.mark.parametrize("option", ["-q", "--quiet"])
@pytest.mark.parametrize("before", [True, False])
def test_quiet_prints_nothing_but_results(trackscape, tmp_path, option, before):
    command = (option, *RECONSTRUCT, *OUTPUT) if before else (*RECONSTRUCT, *OUTPUT, option)
    outcome = trackscape(*command)
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    assert (tmp_path / "t.csv").exists()


def test_results_and_errors_are_printed_all_the_same(trackscape):
    loud, quiet = (trackscape(*asked, "detector") for asked in ((), ("-q",)))
    assert loud.out == quiet.out != ""
    outcome = trackscape("-q", "inspect", "nothing.npz")
    assert outcome.status == 2
    assert outcome.err.startswith("Error: nothing.npz")


def test_what_is_left_out_is_told_all_the_same(trackscape, tmp_path):
    (tmp_path / "damaged.npz").write_bytes(b"PK and more")
    outcome = trackscape("-q", *RECONSTRUCT, "damaged.npz", *OUTPUT)
    assert outcome.status == 0
    assert outcome.out == ""
    assert "damaged.npz" in outcome.err


@pytest.mark.parametrize("before", [True, False])
def test_verbose_says_what_is_done_and_when(trackscape, before):
    command = ("-v", *RECONSTRUCT, *OUTPUT) if before else (*RECONSTRUCT, *OUTPUT, "--verbose")
    quieter, outcome = trackscape(*RECONSTRUCT, *OUTPUT), trackscape(*command)
    assert outcome.out == quieter.out
    lines = outcome.err.splitlines()
    times = [re.fullmatch(r" *(\d+\.\d\d) s  (.*)", line) for line in lines]
    assert all(times), lines
    assert [float(time[1]) for time in times] == sorted(float(time[1]) for time in times)
    said = [time[2] for time in times]
    assert "Part 0 is done: 4 frames." in said
    assert said[-1] == "Wrote t.csv."


def test_both_at_once_are_refused(trackscape):
    for command in (("-q", "detector", "-v"), ("-q", "-v", "detector"), ("detector", "-qv")):
        outcome = trackscape(*command)
        assert outcome.status == 2
        assert (
            outcome.err
            == "Error: Expected --quiet or --verbose, got both; leave out one of them.\n"
        )


def test_the_log_of_the_package_is_afterwards_what_it_was():
    logger = logging.getLogger("trackscape")
    before = (logger.level, logger.propagate, list(logger.handlers))
    with contextlib.suppress(ConfigError), speaking(quiet=False, verbose=True):
        assert logger.isEnabledFor(logging.INFO)
        raise ConfigError
    assert (logger.level, logger.propagate, logger.handlers) == before


@pytest.mark.parametrize("quiet", [True, False])
def test_quiet_hides_bars_on_a_terminal(monkeypatch, capsys, quiet):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # as rich asks whether there is a terminal
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    with (
        speaking(quiet=quiet, verbose=False),
        progress.news_bar("steps", total=3) as move,
        progress.show_status("nothing"),
    ):
        move(2, "validation [purity] 0.9")
    assert (capsys.readouterr().err == "") is quiet
