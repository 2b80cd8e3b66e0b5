"""What is trained on and what is held out are the frames of the whole file, each once."""

from pathlib import Path

import pytest
import torch

from studies.estimators.config import StudyConfig
from studies.estimators.files import held_out_name, kept_name, split_files
from trackscape import samples
from trackscape.errors import DataError, FormatError, RunError
from trackscape.evaluation.evaluate import read_frames

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "study" / "tiny.yaml")
NAME = STUDY.training[0]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    split_files(STUDY, data=samples.FOLDER, runs=folder)
    return folder


def test_parts_have_the_frames_of_the_whole_file(runs):
    whole, kept, held_out = (
        read_frames(path, per_frame=STUDY.per_frame)
        for path in (
            samples.TRAIN,
            *(runs / "files" / name(NAME) for name in (kept_name, held_out_name)),
        )
    )
    assert len(kept) == round(0.9 * len(whole))
    assert len(kept) + len(held_out) == len(whole)
    for part, frame in zip([*kept, *held_out], whole, strict=True):
        assert torch.equal(part.known_truth.event, frame.known_truth.event)
        assert torch.equal(part.position, frame.position)
        assert torch.equal(part.energy, frame.energy)


def test_parts_are_written_once(runs):
    files = sorted((runs / "files").iterdir())
    before = [path.stat().st_mtime_ns for path in files]
    assert split_files(STUDY, data=samples.FOLDER, runs=runs) == runs / "files"
    assert [path.stat().st_mtime_ns for path in files] == before


def test_other_parts_do_not_mix_with_the_runs_there(runs):
    other = STUDY.model_copy(update={"held_out": 0.2})
    with pytest.raises(RunError, match="would mix two studies"):
        split_files(other, data=samples.FOLDER, runs=runs)


def test_a_part_has_a_frame_at_least(tmp_path):
    rare = STUDY.model_copy(update={"held_out": 0.001})
    with pytest.raises(DataError, match=f"{NAME}: expected enough events to hold out 0.001"):
        split_files(rare, data=samples.FOLDER, runs=tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=f"{NAME}: expected a file of hits, but nothing"):
        split_files(STUDY, data=tmp_path, runs=tmp_path)
    assert not list(tmp_path.iterdir())
