"""`--weights` takes folders of models as it takes files."""

from trackscape import samples
from trackscape.scoring import save_pretrained


def test_tracks_of_a_folder_are_those_of_the_method(trackscape, tmp_path):
    save_pretrained("line-graph-ptt", tmp_path / "mine")
    common = ("reconstruct", samples.VALIDATION, "--per-frame", 50, "--workers", 1)
    named = trackscape(*common, "--method", "line-graph-ptt", "-o", "named.csv")
    own = trackscape(*common, "--weights", "mine", "-o", "own.csv")
    assert (named.status, own.status) == (0, 0), (named.err, own.err)
    assert (tmp_path / "own.csv").read_bytes() == (tmp_path / "named.csv").read_bytes()


def test_a_folder_without_weights_is_refused(trackscape, tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = trackscape("evaluate", samples.VALIDATION, "--per-frame", 50, "--weights", "empty")
    assert outcome.status == 2
    assert "expected a folder with model.safetensors" in outcome.err
