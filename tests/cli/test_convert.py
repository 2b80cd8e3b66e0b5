"""`trackscape convert` writes the same hits in every format."""

import dataclasses
import io
import itertools
import sys

import pytest
import torch

from trackscape import samples
from trackscape.formats import read_hits, write_hits


@pytest.fixture(scope="module")
def hits():
    hits = read_hits(samples.VALIDATION)
    few = hits.select(hits.known_truth.event < 20)
    return dataclasses.replace(few, frame=torch.arange(len(few)) // 100)


def test_hits_go_round_all_formats_and_stay_the_same(trackscape, tmp_path, hits):
    write_hits(hits, tmp_path / "0.npz")
    names = ["0.npz", "1.csv", "2.root", "3.trackml", "4.parquet", "5.npz"]
    for one, other in itertools.pairwise(names):
        outcome = trackscape("convert", one, "-o", other)
        assert outcome.status == 0, outcome.err
        assert outcome.out == f"{len(hits):,} hits: {other}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    back = read_hits(tmp_path / "5.npz")
    for name in ("position", "energy", "layer", "frame"):
        assert torch.equal(getattr(back, name), getattr(hits, name)), name
    for name in ("event", "track", "parent", "pdg"):
        assert torch.equal(getattr(back.known_truth, name), getattr(hits.known_truth, name)), name


def test_a_pipe_of_hits(trackscape, tmp_path, monkeypatch, hits):
    write_hits(hits, tmp_path / "hits.parquet")
    write_hits(hits, tmp_path / "hits.csv")
    content = io.BytesIO((tmp_path / "hits.parquet").read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    outcome = trackscape("convert", "-", "-o", "-")
    assert outcome.status == 0
    assert outcome.out == (tmp_path / "hits.csv").read_text()
    assert "hits: standard output" in outcome.err


@pytest.mark.parametrize("name", ["x", "x.npy", "x.txt"])
def test_what_cannot_be_written_is_refused(trackscape, tmp_path, name):
    outcome = trackscape("convert", samples.VALIDATION, "-o", name)
    assert outcome.status == 2
    assert "can write files named .npz, .parquet, .csv, .root, .trackml" in outcome.err
    assert list(tmp_path.iterdir()) == []
