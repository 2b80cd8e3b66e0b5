"""Weights files: bitwise round trips, and errors that name the file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from trackscape.data import Hits
from trackscape.errors import WeightsError
from trackscape.graph_construction import connect_layers
from trackscape.scoring import build_network, load_method, load_network, save_network


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("line_graph", {}),
        ("line_graph", {"hidden": 5, "encoding": 6}),
        ("hit_graph", {}),
        ("hit_graph", {"hidden": 7}),
    ],
)
def test_a_network_comes_back_bit_for_bit(
    kind: str, sizes: dict[str, int], tmp_path: Path, straight_tracks: Callable[..., Hits]
):
    graph = connect_layers(straight_tracks(4))
    network = build_network(kind, **sizes)
    network.train()(network.prepare(graph))  # moves the running statistics
    network.eval()
    path = tmp_path / "weights.safetensors"
    save_network(network, path, about={"run": "a run"})
    loaded = load_network(path)
    assert not loaded.training
    assert loaded.sizes == network.sizes
    assert loaded.state_dict().keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    scores = network(network.prepare(graph))
    assert torch.equal(loaded(loaded.prepare(graph)).logit, scores.logit)


def test_the_header_says_where_the_weights_come_from(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    save_network(build_network("hit_graph", hidden=3), path, about={"run": "a run", "step": 12})
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    assert json.loads(header["trackscape"]) == {
        "run": "a run",
        "step": 12,
        "network": "hit_graph",
        "sizes": {"hidden": 3},
    }


def test_equal_weights_are_equal_bytes(tmp_path: Path):
    network = build_network("line_graph")
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    save_network(network, first, about={"a": 1, "b": 2})
    save_network(load_network(first), second, about={"a": 1, "b": 2})
    assert first.read_bytes() == second.read_bytes()


def test_only_the_finished_file_is_there(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    for _ in range(2):  # the second overwrites the first
        save_network(build_network("line_graph"), path, about={})
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]


def test_a_failed_write_leaves_the_old_file_as_it_was(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    save_network(build_network("line_graph"), path, about={})
    before = path.read_bytes()
    with pytest.raises(WeightsError, match="cannot be saved"):
        save_network(build_network("line_graph"), path, about={"step": object()})  # no JSON
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]


def write(path: Path, *, kind: str, header: dict[str, str] | None) -> Path:
    save_file(build_network(kind).state_dict(), path, metadata=header)
    return path


LINE_GRAPH = '{"network": "line_graph", "sizes": {}}'


@pytest.mark.parametrize(
    "about",
    [
        LINE_GRAPH,
        '{"network": "hit_graph", "sizes": {"hidden": 3}}',
        '{"network": "hit_graph", "sizes": {"encoding": 128}}',
        '{"network": "hit_graph", "sizes": {"hidden": "many"}}',
        '{"network": "hit_graph", "sizes": {"hidden": -1}}',
        '{"network": "hit_graph", "sizes": [64]}',
        '{"network": "hit_graph"}',
        '{"network": ["hit_graph"], "sizes": {}}',
        '{"network": "transformer", "sizes": {}}',
        '["hit_graph"]',
        "{hit_graph",
    ],
)
def test_weights_of_another_network_are_refused(about: str, tmp_path: Path):
    path = write(tmp_path / "other.safetensors", kind="hit_graph", header={"trackscape": about})
    with pytest.raises(WeightsError, match=r"other\.safetensors: the weights do not fit"):
        load_network(path)


@pytest.mark.parametrize("header", [None, {"network": "hit_graph"}])
def test_weights_that_name_no_network_are_refused(header: dict[str, str] | None, tmp_path: Path):
    path = write(tmp_path / "foreign.safetensors", kind="hit_graph", header=header)
    with pytest.raises(WeightsError, match=r"foreign\.safetensors: its header names no network"):
        load_network(path)


@pytest.mark.parametrize("left", [0, 5, 100, -1])
def test_damaged_files_are_refused(left: int, tmp_path: Path):
    path = write(
        tmp_path / "damaged.safetensors", kind="line_graph", header={"trackscape": LINE_GRAPH}
    )
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(WeightsError, match=r"damaged\.safetensors: expected a safetensors file"):
        load_network(path)


def test_files_of_another_kind_are_refused(tmp_path: Path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "pickle.pt")
    with pytest.raises(WeightsError, match=r"pickle\.pt"):
        load_network(tmp_path / "pickle.pt")
    with pytest.raises(WeightsError, match=r"absent\.safetensors"):
        load_network(tmp_path / "absent.safetensors")
    with pytest.raises(WeightsError, match=tmp_path.name):
        load_network(tmp_path)


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(WeightsError, match=r"nine-constants, trackscape, got 'line-graph'"):
        load_method("line-graph")
    with pytest.raises(WeightsError, match="line_graph, hit_graph, belief, got 'linegraph'"):
        build_network("linegraph")
    with pytest.raises(WeightsError, match="line_graph has no depth, only hidden, encoding"):
        build_network("line_graph", depth=3)
