"""How many threads compute, and that a first call says why it takes long."""

from collections.abc import Iterator

import numba
import pytest
import torch
from numba.core import event

from trackscape import samples
from trackscape.compiled import News


@pytest.fixture(autouse=True)
def the_same_threads_afterwards() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [(None, (), 1), (None, ("--threads", 2), 2), ("2", (), 2), ("2", ("--threads", 1), 1)],
)
def test_one_thread_unless_the_user_wants_more(
    trackscape, monkeypatch, environment, options, expected
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if environment is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", environment)
    arguments = ("--per-frame", 400, "--method", "greedy", "-o", "t.csv")
    assert trackscape("reconstruct", samples.VALIDATION, *arguments, *options).status == 0
    assert torch.get_num_threads() == expected


def test_tracks_do_not_depend_on_the_number_of_threads(trackscape, tmp_path):
    arguments = ("reconstruct", samples.VALIDATION, "--per-frame", 100)
    for threads in (1, 2):
        outcome = trackscape(*arguments, "--threads", threads, "-o", f"{threads}.csv")
        assert outcome.status == 0, outcome.err
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


@pytest.mark.parametrize(
    "verb", ["reconstruct", "evaluate", "train", "display", "demo", "simulate"]
)
def test_every_verb_that_computes_has_the_option(trackscape, verb):
    assert "--threads N" in trackscape(verb, "--help").out
    assert trackscape(verb, "--threads", 0).status == 2


def test_a_first_call_says_that_it_compiles_once(caplog, monkeypatch):
    monkeypatch.setattr("trackscape.compiled.NEWS", 0.0)
    function = numba.njit(lambda x: x + 1)
    with event.install_listener("numba:compile", News()):
        assert (function(1), function(1.0)) == (2, 2.0)
        told = list(caplog.messages)
        caplog.clear()
        assert function(1) == 2
    assert "Compiling, once; the next call starts at once." in told
    assert any("2 functions" in line for line in told)
    assert caplog.messages == []  # what is compiled already needs no word
