"""The likelihood of tracks teaches a track model in seconds."""

import pytest

from trackscape import samples
from trackscape.scoring import load_network
from trackscape.simulation import geometry_of
from trackscape.tracking import network_tracker
from trackscape.tracking.acceptance import trained_for
from trackscape.training.config import TrainingConfig
from trackscape.training.train import train

SETTINGS = {
    "name": "beliefs",
    "network": {"kind": "belief"},
    "loss": {"kind": "likelihood"},
    "assigner": {"semantics": "reject"},
    "optimiser": {
        "kind": "adam",
        "learning_rate": 5e-3,
        "schedule": "cosine",
        "averaging": 0.9,
        "graphs_per_step": 1,
        "steps": 120,
        "validate_every": 60,
    },
    "data": {
        "training": [samples.TRAIN.name],
        "validation": [samples.VALIDATION.name],
        "per_frame": 50,
    },
}


@pytest.mark.slow
def test_a_hundred_frames_are_enough_for_a_good_tracker(tmp_path):
    config = TrainingConfig.model_validate(SETTINGS)
    trained = train(config, data=samples.FOLDER, runs=tmp_path, seed=0, progress=False)
    assert trained.purity > 0.9
    assert trained_for(trained.folder / "weights.safetensors") == geometry_of("bergen-auto")
    network = load_network(trained.folder / "weights.safetensors")
    assert network_tracker(network).assigner.semantics == "with_unmatched"
    again = train(config, data=samples.FOLDER, runs=tmp_path, seed=0, progress=False)
    assert again.purity == trained.purity
