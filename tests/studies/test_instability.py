"""Spreads of known size come out, settings are compared seed by seed, and the whole study."""

import math
from pathlib import Path

import pytest
import torch

from studies.instability.__main__ import main
from studies.instability.numbers import Seeds, figures_of
from studies.instability.page import difference, insert_errors, registered
from studies.trainings import all_runs, load_plan
from trackscape import samples
from trackscape.scoring import Scorer, load_method, save_network
from trackscape.simulation import load_scan_settings, simulate_scan

SEEDS, GROUPS = 6, 10


def drawn(setting: str = "ptt", shift: float = 0.0, spread: float = 1.0) -> Seeds:
    """Seeds whose WEPL of equal protons differ by a normal number of `spread` mm."""
    rng = torch.Generator().manual_seed(0)
    wepl = 100 + spread * torch.randn(SEEDS, 5000, generator=rng)
    wepl[0, :2500] = torch.nan  # the first seed lost half of the protons
    counting = 1 + 0.01 * torch.randn(1, 1 + GROUPS, 2, generator=rng).double()
    of_seed = 0.003 * torch.randn(SEEDS, 1, 2, generator=rng).double()
    return Seeds(
        setting=setting,
        rule="trained rule",
        per_frame=100,
        seeds=tuple(range(SEEDS)),
        wepl=wepl.double(),
        square=torch.full((SEEDS, GROUPS), 100 * (5 + shift) ** 2).double(),
        number=torch.full((SEEDS, GROUPS), 100),
        image=1 + 0.02 * torch.randn(SEEDS, 150, 150, generator=rng).double(),
        noise=torch.full((SEEDS, 150, 150), 0.04).double(),
        insert=counting + of_seed,
        absolute=(counting + of_seed).mean(dim=2) / 100 + shift / 100,
        true=torch.tensor([1.0, 2.0]).double(),
        names=("water", "bone"),
    )


def test_spreads_are_those_that_were_drawn():
    figures = figures_of(drawn())
    assert figures.wepl_spread.value == pytest.approx(1.0, rel=0.03)
    assert figures.image_spread.value == pytest.approx(0.02, rel=0.01)
    assert figures.image_noise == pytest.approx(0.04)
    assert figures.wepl_error.value == pytest.approx(5.0)
    # One of six seeds lost half: of 15 pairs, 5 share half.
    assert figures.not_shared.value == pytest.approx(0.5 * 5 / 15)
    assert figures.rsp_spread.low < 0.003 < figures.rsp_spread.high * 1.5


def test_equal_seeds_have_no_spread():
    found = drawn(spread=0.0)
    assert figures_of(found).wepl_spread == pytest.approx((0.0, 0.0, SEEDS - 1))


def test_settings_are_compared_seed_by_seed():
    first, other = drawn(), drawn("pat", shift=0.25)
    wepl, rsp = difference(other, first)
    assert wepl.value == pytest.approx(0.25)
    assert wepl.error == pytest.approx(0.0, abs=1e-9), "what both have in common is no error"
    assert rsp.value == pytest.approx(0.0025)
    numbers = registered([first, other], "ptt", at=100)
    assert numbers["RSP error beside ptt"]["pat"].value == pytest.approx(0.25), "in %"
    assert registered([first], "ptt", at=100)["WEPL error beside ptt"] == {}
    fewer = other._replace(seeds=(0, 1))
    assert registered([first, fewer], "ptt", at=100)["WEPL error beside ptt"] == {}


def test_errors_of_inserts_count_seeds_and_protons():
    found = drawn()
    water, bone = insert_errors(found)
    assert water.value == pytest.approx(float(found.insert[:, 0, 0].mean()) - 1)
    assert bone.value == pytest.approx(float(found.insert[:, 0, 1].mean()) / 2 - 1)
    assert math.isfinite(water.error)


PLAN = """
name: tiny
training: [{train}]
judged: [{judged}]
held_out: 0.1
per_frame: 10
seeds: [0, 1]
optimiser:
  {{kind: adam, learning_rate: 1.0e-3, schedule: cosine, graphs_per_step: 1, steps: 2,
    validate_every: 2}}
settings:
  - {{name: ptt, network: {{kind: line_graph}}, loss: {{kind: cross_entropy}}}}
  - name: trackscape
    network: {{kind: belief}}
    loss: {{kind: track_likelihood}}
    assigner: {{semantics: reject, reject: 0.5}}
"""


def nearby(method: str, seed: int) -> Scorer:
    """A network whose weights are a little off those of a shipped one."""
    network, rng = load_method(method), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight *= 1 + 0.02 * torch.randn(weight.shape, generator=rng)
    return network


@pytest.mark.slow
def test_the_study_runs_on_a_small_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("studies.instability.__main__.DENSITIES", (100,))
    config, runs, further = tmp_path / "plan.yaml", tmp_path / "runs", tmp_path / "further"
    config.write_text(PLAN.format(train=samples.TRAIN.name, judged=samples.VALIDATION.name))
    shipped = {"ptt": "line-graph-ptt", "trackscape": "trackscape"}
    for run in all_runs(load_plan(config)):
        run.folder(runs).mkdir(parents=True)
        (run.folder(runs) / "metrics.csv").write_text("step\n2\n")
        save_network(nearby(shipped[run.setting], run.seed), run.weights(runs), about={})
    further.mkdir()
    save_network(load_method("trackscape"), further / "likelihood-s0.safetensors", about={})
    settings = load_scan_settings(Path("configs/scan/ctp404-small.yaml"), primaries=3250)
    angles = settings.angles.model_copy(update={"number": 3, "step": 120.0})
    once = settings.model_copy(update={"angles": angles, "seed": 3})
    simulate_scan(once, tmp_path / "scan", progress=False)
    page = tmp_path / "docs/studies/page.md"
    page.parent.mkdir(parents=True)
    parts = ("spread", "rsp")
    page.write_text(
        "".join(f"<!-- generated: {each}, by hand -->\n<!-- end -->\n" for each in parts)
    )
    main(
        config,
        tmp_path / "scan",
        runs=runs,
        output=page,
        data=samples.FOLDER,
        further=further,
        figures=tmp_path / "numbers.json",
    )
    text = page.read_text()
    rows = [line for line in text.splitlines() if line.startswith(("| ptt", "| trackscape"))]
    assert len(rows) == 2 * (2 + 1), "two tables, with ptt by two rules"
    assert "| likelihood | trained rule | 100 | 1 |" in text
    assert (tmp_path / "docs/images/instability.png").stat().st_size > 1000
    assert '"WEPL error beside ptt"' in (tmp_path / "numbers.json").read_text()
