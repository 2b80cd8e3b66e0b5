"""Every shipped configuration loads and builds; the paper's are the paper's."""

from pathlib import Path

import pydantic
import pytest
import yaml

from trackscape.assignment import Assigner
from trackscape.demo import DEMO_CONFIG as DEMO
from trackscape.errors import ConfigError
from trackscape.scoring import build_network
from trackscape.training.config import AssignerConfig, TrainingConfig

FOLDER = Path(__file__).parents[2] / "configs"
RUNS = sorted((FOLDER.parent / "docs" / "runs").iterdir())
SHIPPED = [*sorted(FOLDER.glob("cpu/*.yaml")), *sorted(FOLDER.glob("paper/*.yaml")), DEMO]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_shipped_config_loads_and_builds(path):
    config = TrainingConfig.load(path)
    network = build_network(config.network.kind, **config.network.sizes)
    expected = {"line_graph": 4961, "hit_graph": 39839, "belief": 1545}[config.network.kind]
    if config.network.sizes.get("hidden") == 0:
        expected = 9
    assert sum(weight.numel() for weight in network.parameters()) == expected
    assert config.name.endswith(path.stem) or path == DEMO


def test_all_eight_published_experiments_are_there():
    configs = [TrainingConfig.load(path) for path in (FOLDER / "paper").glob("*.yaml")]
    assert len(configs) == 8
    for config in configs:
        optimiser = config.optimiser
        assert (optimiser.learning_rate, optimiser.schedule) == (1e-3, "constant")
        assert (optimiser.graphs_per_step, optimiser.validate_every) == (32, 100)
        assert optimiser.steps == (10_000 if config.network.kind == "line_graph" else 30_000)
        assert config.loss.settings.get("convention") in (None, "published")
    strengths = sorted(config.loss.settings.get("strength", 0) for config in configs)
    assert strengths == [0, 0, 25, 25, 50, 50, 75, 75]


def test_digest_changes_with_the_settings_only():
    one, two = (
        TrainingConfig.load(FOLDER / "cpu" / f"line-graph-{k}-long.yaml") for k in ("ptt", "pat")
    )
    assert one.digest == TrainingConfig.model_validate(one.model_dump()).digest
    assert one.digest != two.digest


# Names of run folders: these must not change as settings are added.
DIGESTS = {
    "cpu/hit-graph-pat": "ba8b2b32",
    "cpu/hit-graph-ptt": "78b9bec7",
    "cpu/line-graph-pat-long": "38f7d9fa",
    "cpu/line-graph-pat-soap-plateau": "8d5a9241",
    "cpu/line-graph-pat-soap": "2db78b0b",
    "cpu/line-graph-pat": "b65a4b25",
    "cpu/line-graph-ptt-long": "6e9959c5",
    "cpu/line-graph-ptt-short": "0d724e6c",
    "cpu/line-graph-ptt-soap-plateau": "1921b124",
    "paper/hit-graph-pat-25": "4afa3995",
    "paper/hit-graph-pat-50": "4e78077e",
    "paper/hit-graph-pat-75": "1a9ad8ae",
    "paper/hit-graph-ptt": "cac2c65a",
    "paper/line-graph-pat-25": "b3a65df9",
    "paper/line-graph-pat-50": "fd22ca77",
    "paper/line-graph-pat-75": "c9ccfc56",
    "paper/line-graph-ptt": "ef9ee688",
    "assets/demo": "d251fef5",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_older_runs_keep_their_names(name):
    path = DEMO if name == "assets/demo" else FOLDER / f"{name}.yaml"
    assert TrainingConfig.load(path).digest == DIGESTS[name]


def settings(**changes: object) -> dict:
    return yaml.safe_load((FOLDER / "cpu" / "line-graph-ptt-long.yaml").read_text()) | changes


def test_new_settings_are_part_of_the_digest():
    reject = {"semantics": "reject"}
    digests = [
        TrainingConfig.model_validate(settings(**changes)).digest
        for changes in (
            {},
            {"assigner": reject},
            {"assigner": reject | {"reject": 0.4}},
            {"loss": {"kind": "hinge", "margin": 0.1}},
            {"loss": {"kind": "hinge", "margin": 0.2}},
        )
    ]
    assert len(set(digests)) == len(digests)
    same = settings(assigner={"semantics": "card"}, loss={"kind": "cross_entropy"})
    assert TrainingConfig.model_validate(same).digest == digests[0]
    half = settings(assigner=reject | {"reject": 0.5})
    assert TrainingConfig.model_validate(half).digest == digests[1]


def test_the_assigner_is_the_published_one_unless_tracks_may_end():
    assert AssignerConfig().build() == Assigner()
    assert AssignerConfig(semantics="reject").build() == Assigner(
        semantics="with_unmatched", unmatched_cost=0.5
    )
    for wrong in ({"reject": 0.5}, {"semantics": "reject", "reject": None}, {"semantics": "full"}):
        with pytest.raises(pydantic.ValidationError):
            AssignerConfig.model_validate(wrong)


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        ({"kind": "hinge"}, "the loss hinge needs the scales margin, got none"),
        ({"kind": "ptt", "margin": 1}, "the loss ptt needs the scales none, got margin"),
        ({"kind": "pat", "strength": 25}, "needs the scales strength, convention, got strength"),
        ({"kind": "lpgd", "strength": 0.1, "side": "left"}, "loss.side is 'left'"),
        ({"kind": "fenchel_young", "sigma": 0, "samples": 1}, "loss.sigma is 0"),
        (
            {"kind": "perturbed", "sigma": 0.1, "samples": 5, "antithetic": True},
            "an even number if antithetic, got 5",
        ),
        (
            {
                "kind": "aimle",
                "strength": 25,
                "changed": 0.1,
                "sigma": 0.1,
                "samples": 1,
                "noise": "normal",
            },
            "strength within 0.001 and 1.0",
        ),
        (
            {"kind": "sinkhorn", "temperature": 0.1, "sweeps": 10},
            "the loss sinkhorn needs assigner: {semantics: reject}",
        ),
        ({"kind": "hinge", "margn": 0.1}, "unknown key loss.margn"),
    ],
)
def test_what_is_wrong_with_a_loss_is_said(tmp_path, loss, sentence):
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump(settings(loss=loss)))
    with pytest.raises(ConfigError) as error:
        TrainingConfig.load(path)
    assert sentence in str(error.value)


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_run_folders_of_the_past_are_found_again(folder):
    config = TrainingConfig.model_validate_json((folder / "config.json").read_text())
    name, seed = folder.name.rsplit("-s", 1)
    if config.digest != "b65a4b25":  # one folder is older than the rule for names
        assert f"{config.name}-{config.digest}" == name
        assert config.folder(RUNS[0].parent, seed=int(seed)) == folder
    again = TrainingConfig.model_validate(config.model_dump(mode="json"))
    assert (again, again.digest) == (config, config.digest)


def test_frames_choose_the_weights_that_are_validation_or_held_out_but_not_both():
    data = settings()["data"]
    chosen = {"held_out": 0.1, "validation": []}
    config = TrainingConfig.model_validate(settings(data=data | chosen))
    assert config.data.held_out == 0.1
    for wrong in ({"held_out": 0.1}, {"validation": []}):
        with pytest.raises(pydantic.ValidationError, match="either validation"):
            TrainingConfig.model_validate(settings(data=data | wrong))


def test_frames_may_have_several_sizes_but_each_once():
    data = settings()["data"]
    config = TrainingConfig.model_validate(settings(data=data | {"per_frame": [50, 100]}))
    assert config.data.sizes == (50, 100)
    for wrong in ([], [50, 50]):
        with pytest.raises(pydantic.ValidationError, match="per_frame must be one number"):
            TrainingConfig.model_validate(settings(data=data | {"per_frame": wrong}))


@pytest.mark.parametrize(
    "text",
    ["name: a\nname: b\n", "a: {b: 1, b: 2}\n", '{"name": 1, name: 2}\n'],
)
def test_a_key_that_is_given_twice_is_refused(tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"the key (name|b) is given twice"):
        TrainingConfig.load(path)


@pytest.mark.parametrize("key", ["learning_rate", "steps", "averaging"])
def test_yes_and_no_are_no_numbers(tmp_path, key):
    settings = yaml.safe_load(SHIPPED[0].read_text())
    settings["optimiser"][key] = True
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(ConfigError, match=f"optimiser.{key}: .* got true"):
        TrainingConfig.load(path)
