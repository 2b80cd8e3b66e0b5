"""Frames of the sample and small networks: enough to show what holds for large ones."""

from pathlib import Path

import pytest
import torch

from trackscape import samples
from trackscape.data import Hits
from trackscape.scoring import LineGraphNetwork, save_network
from trackscape.tracker_landscape.problem import read_problem_frames


@pytest.fixture(scope="session")
def frames() -> list[Hits]:
    return read_problem_frames(samples.VALIDATION, per_frame=10, most=3)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> list[Path]:
    """Three small networks near to each other, as files: stages of a training."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(5)
    network = LineGraphNetwork(hidden=4, encoding=8)
    paths = [folder / f"stage-{number}.safetensors" for number in range(3)]
    for path in paths:
        save_network(network, path, about={})
        with torch.no_grad():
            for value in network.parameters():
                value += 0.1 * torch.randn(value.shape)
    return paths
