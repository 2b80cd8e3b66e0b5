"""Ways between networks: ends, permuted copies, and what a curve gains."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from trackscape import samples
from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import permuted
from trackscape.landscape.evaluator import Evaluator
from trackscape.scoring import HitGraphNetwork, Scorer, load_method, load_network, save_network
from trackscape.tracker_landscape.config import Computing, LandscapeConfig
from trackscape.tracker_landscape.connect import (
    CurveConfig,
    connect_networks,
    draw_connection,
)
from trackscape.tracker_landscape.problem import tracker_problem, unit_groups

QUIET = Computing(progress=False)
SETTING = LandscapeConfig(
    file=samples.VALIDATION, per_frame=10, frames=2, losses=("bce", "hamming")
)


def shuffled(scorer: Scorer) -> Scorer:
    generator = torch.Generator().manual_seed(7)
    groups = unit_groups(scorer)
    orders = {group.name: torch.randperm(group.size, generator=generator) for group in groups}
    found = permuted(scorer, groups, orders)
    assert isinstance(found, Scorer)
    return found


def spread_statistics(scorer: Scorer) -> Scorer:
    """Units with statistics of their own, as after a training."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in [*scorer.named_parameters(), *scorer.named_buffers()]:
            if value.is_floating_point() and "encode" not in name:
                value += 0.1 * torch.rand(value.shape, generator=generator)
    return scorer


@pytest.mark.parametrize("kind", ["ours", "paper's", "of hits"])
def test_permuted_units_compute_the_same(frames, kind):
    torch.manual_seed(1)
    scorers = {
        "ours": load_method("trackscape"),
        "paper's": load_method("line-graph-ptt"),
        "of hits": spread_statistics(HitGraphNetwork(hidden=5).eval()),
    }
    scorer, other = scorers[kind], shuffled(scorers[kind])
    problems = [tracker_problem(each, frames, losses=["bce"]) for each in (scorer, other)]
    assert (problems[0].centre - problems[1].centre).norm() > 0.1
    values = [Evaluator(problem).losses(0) for problem in problems]
    torch.testing.assert_close(values[0], values[1], rtol=1e-4, atol=1e-6)
    # Every hidden unit is in a group: permuting moves all of them.
    units = sum(group.size for group in unit_groups(scorer))
    assert units == scorer.sizes["hidden"] * (2 if kind == "ours" else 8)


def test_a_permuted_copy_has_a_barrier_that_alignment_takes_away(tmp_path):
    save_network(shuffled(load_method("line-graph-ptt")), tmp_path / "copy.safetensors", about={})
    # As many protons as in its training: statistics of other frames would be those of another one.
    setting = dataclasses.replace(SETTING, per_frame=100, frames=1)
    found = connect_networks(
        setting, ("line-graph-ptt", str(tmp_path / "copy.safetensors")), steps=5, computing=QUIET
    )
    line, aligned = found.paths
    assert line.summaries[0].barrier.value > 0.1
    assert aligned.summaries[0].barrier.value < 1e-5
    assert found.distances["aligned"] < 1e-5 < found.distances["plain"]


def test_a_trained_curve_lies_lower_than_the_line_and_files_say_so(tmp_path, trained):
    outputs = tuple(tmp_path / name for name in ("all.json", "all.npz", "all.svg"))
    curve = CurveConfig(losses=("bce",), steps=40, learning_rate=3e-2)
    found = connect_networks(
        SETTING,
        (str(trained[0]), str(trained[2])),
        outputs=outputs,
        steps=5,
        aligned=False,
        curve=curve,
        computing=QUIET,
    )
    line, bent = found.paths
    assert [way.name for way in found.paths] == ["line", "curve of bce"]
    for end in (0, -1):
        np.testing.assert_allclose(line.surface.values[end], bent.surface.values[end], rtol=1e-6)
    assert bent.summaries[0].mean < line.summaries[0].mean
    with np.load(outputs[1], allow_pickle=False) as stored:
        np.testing.assert_array_equal(stored["line_values"], line.surface.values)
        assert stored["curve_of_bce_control"].shape == (3, len(line.control[0]))
    assert all(path.stat().st_size > 0 for path in outputs)
    drawn = draw_connection(found).axes[0].lines
    assert drawn[0].get_linewidth() > drawn[1].get_linewidth()  # a line under an equal one is seen


def test_the_second_end_has_its_own_statistics_not_those_of_the_first(trained):
    """Recomputed ones; frozen ones would be those of the first network."""
    paths = (str(trained[0]), str(trained[2]))
    found = connect_networks(SETTING, paths, steps=2, aligned=False, computing=QUIET)
    alone = SETTING.problem(load_network(Path(paths[1])), several=True)
    evaluator = Evaluator(alone)
    values = [evaluator.move(alone.centre) or evaluator.losses(number) for number in range(2)]
    np.testing.assert_allclose(found.paths[0].surface.values[-1], torch.stack(values), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"losses": ("hamming",)}, "trained by"), ({"steps": 0, "losses": ("bce",)}, "positive")],
)
def test_curves_that_cannot_be_trained(trained, change, word):
    with pytest.raises(LandscapeError, match=word):
        connect_networks(
            SETTING,
            (str(trained[0]), str(trained[1])),
            aligned=False,
            steps=2,
            curve=dataclasses.replace(CurveConfig(), **change),
            computing=QUIET,
        )
