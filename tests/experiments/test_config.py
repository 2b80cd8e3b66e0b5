"""Every shipped configuration loads and builds; the paper's are the paper's."""

from pathlib import Path

import pytest

from trackscape.experiments.config import TrainingConfig
from trackscape.experiments.demo import CONFIG as DEMO
from trackscape.scoring import build_network
from trackscape.scoring.pretrained import count_parameters

FOLDER = Path(__file__).parents[2] / "configs"
SHIPPED = [*sorted(FOLDER.glob("**/*.yaml")), DEMO]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_shipped_config_loads_and_builds(path):
    config = TrainingConfig.load(path)
    network = build_network(config.network.kind, **config.network.sizes)
    expected = {"line_graph": 4961, "hit_graph": 39839}[config.network.kind]
    assert count_parameters(network) == expected
    assert config.name.endswith(path.stem) or path == DEMO


def test_all_eight_published_experiments_are_there():
    configs = [TrainingConfig.load(path) for path in (FOLDER / "paper").glob("*.yaml")]
    assert len(configs) == 8
    for config in configs:
        optimiser = config.optimiser
        assert (optimiser.learning_rate, optimiser.schedule) == (1e-3, "constant")
        assert (optimiser.graphs_per_step, optimiser.validate_every) == (32, 100)
        assert optimiser.steps == (10_000 if config.network.kind == "line_graph" else 30_000)
        assert config.loss.convention in (None, "published")
    strengths = sorted(config.loss.strength or 0 for config in configs)
    assert strengths == [0, 0, 25, 25, 50, 50, 75, 75]


def test_digest_changes_with_the_settings_only():
    one, two = (
        TrainingConfig.load(FOLDER / "cpu" / f"line-graph-{k}-long.yaml") for k in ("ptt", "pat")
    )
    assert one.digest == TrainingConfig.model_validate(one.model_dump()).digest
    assert one.digest != two.digest
