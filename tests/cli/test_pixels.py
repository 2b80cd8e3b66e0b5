"""`trackscape digitise` and `trackscape cluster`."""

import pyarrow.parquet as arrow_parquet

from trackscape.samples import VALIDATION


def test_hits_become_pixels_clusters_and_tracks(trackscape, tmp_path):
    outcome = trackscape("digitise", VALIDATION, "--per-frame", 20, "-o", tmp_path / "p.parquet")
    assert outcome.status == 0, outcome.err
    assert " deposits in 43 frames." in outcome.out
    pixels = arrow_parquet.read_table(tmp_path / "p.parquet")
    assert f"{pixels.num_rows:,} pixels of " in outcome.out
    outcome = trackscape("cluster", tmp_path / "p.parquet", "-o", tmp_path / "h.npz")
    assert outcome.status == 0, outcome.err
    assert f" of {pixels.num_rows:,} pixels in 43 frames; 0 noisy pixels" in outcome.out
    options = ("--method", "track-follower", "-o", tmp_path / "t.parquet")
    outcome = trackscape("reconstruct", tmp_path / "h.npz", *options)
    assert outcome.status == 0, outcome.err
    assert arrow_parquet.read_table(tmp_path / "t.parquet")["frame"].to_numpy().max() == 42
    outcome = trackscape("display", tmp_path / "h.npz", "-o", tmp_path / "f.html")
    assert outcome.status == 0, outcome.err


def test_two_rules_for_frames_are_refused(trackscape, tmp_path):
    options = ("--per-frame", 20, "--window", 5, "-o", tmp_path / "p.parquet")
    outcome = trackscape("digitise", VALIDATION, *options)
    assert outcome.status == 2
    assert "name one" in outcome.err


def test_hits_of_an_unknown_detector_need_its_name(trackscape, tmp_path):
    hits = tmp_path / "h.csv"
    hits.write_text("posX,posY,posZ,edep,layer,frameID\n0,0,0,1,0,0\n0,0,7,1,1,0\n0,0,9,1,2,0\n")
    outcome = trackscape("digitise", hits, "-o", tmp_path / "p.parquet")
    assert outcome.status == 2
    assert "name the detector that recorded them (--detector)" in outcome.err
