"""Networks that compute the same are alike, whatever the order of their units."""

import json

import pytest
import torch

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.landscape.connectivity import permuted
from trackscape.scoring import load_method, save_network
from trackscape.tracker_landscape.config import LandscapeConfig
from trackscape.tracker_landscape.problem import unit_groups
from trackscape.tracker_landscape.similarity import compare_networks

SETTING = LandscapeConfig(file=samples.VALIDATION, per_frame=20, frames=2, assigner=Assigner())


def test_a_permuted_copy_is_alike_in_all_layers_and_decisions(tmp_path):
    scorer = load_method("line-graph-ptt")
    groups = unit_groups(scorer)
    orders = {group.name: torch.arange(group.size).flip(0) for group in groups}
    save_network(permuted(scorer, groups, orders), tmp_path / "copy.safetensors", about={})
    found = compare_networks(SETTING, ("line-graph-ptt", str(tmp_path / "copy.safetensors")))
    assert all(layer.value == pytest.approx(1, abs=1e-3) for layer in found.layers.values())
    assert found.differing == found.disagreement == 0
    assert found.errors[0] == found.errors[1] > 0


def test_two_trainings_are_compared_layer_by_layer_and_edge_by_edge(tmp_path):
    output = tmp_path / "out.json"
    found = compare_networks(SETTING, ("line-graph-ptt", "line-graph-pat"), outputs=[output])
    assert list(found.layers) == [
        *("R1.2", "R1.5", "R1.7", "O.2", "O.5", "O.8", "O.9", "R2.2", "R2.5", "R2.7")
    ]
    least, most = abs(found.errors[0] - found.errors[1]), sum(found.errors)
    assert least <= found.differing <= most
    share = (found.differing - least) / (most - least)
    assert found.disagreement == pytest.approx(share, rel=1e-9)
    # What is hard for one is hard for the other: they agree more than by chance.
    assert 0 < found.disagreement < found.by_chance < 1
    assert json.loads(output.read_text())["disagreement"] == found.disagreement
