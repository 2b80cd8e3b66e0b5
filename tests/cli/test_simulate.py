"""`trackscape simulate`: what it writes, and what it refuses."""

import numpy as np
import pytest

SPOTS = "spotX,spotY,weight\n-20,0,1\n20,0,1\n"


def test_hits_and_primaries_are_written(trackscape, tmp_path):
    outcome = trackscape(
        "simulate", "--phantom", "water:200", "-n", 300, "--seed", 1, "-o", "hits.npz",
        "--truth", "truth.npz",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    hits = np.load(tmp_path / "hits.npz", allow_pickle=False)["arr_0"]
    assert f"300 primaries, {len(hits):,} hits" in outcome.out
    assert len(np.load(tmp_path / "truth.npz", allow_pickle=False)["arr_0"]) == 300
    assert trackscape("inspect", "hits.npz").status == 0
    again = trackscape("simulate", "--phantom", "water:200", "-n", 300, "--seed", 1, "-o", "b.npz")
    assert again.status == 0
    assert np.array_equal(hits, np.load(tmp_path / "b.npz", allow_pickle=False)["arr_0"])


def test_a_plan_a_rotation_and_another_detector(trackscape, tmp_path):
    (tmp_path / "spots.csv").write_text(SPOTS)
    outcome = trackscape(
        "simulate", "--phantom", "wedge", "--angle", 90, "--detector", "bergen-final", "-n", 100,
        "--plan", "spots.csv", "--beam", "energy=200,spot=3", "--law", "theory", "-o", "hits.npz",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    hits = np.load(tmp_path / "hits.npz", allow_pickle=False)["arr_0"]
    assert set(hits["spotX"]) == {-20.0, 20.0}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--phantom", "water:-3"], "-3"),
        (["--phantom", "butter:100"], "butter"),
        (["--phantom", "absent.npz"], "absent.npz"),
        (["--phantom", "water:600"], "water"),
        (["--detector", "bergen"], "bergen-auto"),
        (["--beam", "energy=400"], "400"),
        (["--beam", "enrgy=200"], "enrgy"),
        (["--plan", "absent.csv"], "absent.csv"),
        (["--engine", "fluka"], "fluka"),
        (["--law", "none"], "theory"),
        (["-n", "0"], "0"),
        (["--seed", "-1"], "-1"),
        (["-o", "hits.root"], "hits.root"),
    ],
)
def test_mistakes_end_in_one_sentence(trackscape, tmp_path, arguments, names):
    outcome = trackscape("simulate", "-o", "hits.npz", *arguments)
    assert outcome.status == 2
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.strip().splitlines()) == 1
    assert names in outcome.err
    assert list(tmp_path.iterdir()) == []
