"""Which frames are trained on, and which choose the weights."""

from trackscape import samples
from trackscape.training.config import DataConfig
from trackscape.training.train import read_training_frames


def data(**changes: object) -> DataConfig:
    return DataConfig.model_validate({"training": [samples.TRAIN.name]} | changes)


def events(frames) -> set[int]:
    return {int(event) for frame in frames for event in frame.known_truth.event.unique()}


def test_held_out_frames_are_the_last_ones_and_are_not_trained_on():
    kept, held_out = read_training_frames(data(per_frame=50, held_out=0.2), folder=samples.FOLDER)
    everything, none = read_training_frames(
        data(per_frame=50, validation=[samples.TRAIN.name]), folder=samples.FOLDER
    )
    assert len(kept) + len(held_out) == len(everything) == len(none)
    assert len(held_out) == -(-len(everything) // 5)
    assert max(events(kept)) < min(events(held_out))


def test_with_several_sizes_no_held_out_event_is_trained_on_at_another_size():
    kept, held_out = read_training_frames(
        data(per_frame=[10, 50], held_out=0.2), folder=samples.FOLDER
    )
    sizes = {len(frame.known_truth.event.unique()) for frame in kept}
    assert any(size <= 10 for size in sizes)
    assert any(size > 40 for size in sizes)
    assert not events(kept) & events(held_out)
