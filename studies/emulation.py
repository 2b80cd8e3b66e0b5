"""Emulators of the aerosol microphysics M7 beside the published one, as the tables of a page.

Run as ``python -m studies.emulation WORK -o docs/emulation.md``. WORK gets data, trainings and
scores; what is there already is not made again.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import typer

from studies.emulation_protons import proton_tables
from studies.emulation_regimes import draw_regimes, regime_table
from studies.emulation_speed import measure_speed, rate_table, speed_tables
from studies.emulation_tables import column_table, variant_table
from studies.markdown import replace_parts, table
from trackscape.emulation import (
    Constraint,
    Emulator,
    EmulatorConfig,
    FluxEmulator,
    PublishedEmulator,
    Windows,
    compare_long_runs,
    load_emulator,
    median_error,
    read_windows,
    score,
    train_emulator,
)
from trackscape.emulation.m7 import (
    DEVELOPMENT,
    HELD_OUT,
    M7,
    MODES,
    REGIMES,
    TRAINING,
    m7_system,
    write_m7_data,
)
from trackscape.files import write_json

CONFIGS = Path(__file__).parents[1] / "configs" / "emulation"
MODEL = M7()
RUNS = {"train": 150_000, "val": 12_000, "dev": 24_000, "test": 24_000}
"""Runs of four steps in each data set."""
KINDS = {"dev": DEVELOPMENT, "test": HELD_OUT}
"""Regimes of those that are not trained on."""
MIXED = 0.5
"""Share of the air for training and validation that has surroundings and gas of other air."""
SEEDS = range(5)
STEPS = 1000
"""Of the trainings with several seeds; the long ones take what their settings say."""
CELLS = 400
"""Cells of the long runs."""
DAY = 192
"""Steps of 450 s."""


class Variant(NamedTuple):
    """An emulator that is trained, and what is done with its predictions."""

    settings: str
    loss: Mapping[str, Any] = MappingProxyType({})
    network: Mapping[str, Any] = MappingProxyType({})
    after: Constraint | None = None
    """A constraint on predictions of the weights that were trained without any."""
    repartition: bool = True
    """Whether fluxes are followed by the repartition of M7; else it is learnt, too."""
    optimiser: Mapping[str, Any] = MappingProxyType({})


VARIANTS = {
    "published": Variant("published"),
    "with mass loss": Variant("published", loss={"penalties": ["mass"]}),
    "with positivity loss": Variant("published", loss={"penalties": ["positivity"]}),
    "with completion": Variant("published", after="complete"),
    "with correction": Variant("published", after="correct"),
    "renormalised, exact": Variant("published", network={"constraint": "renormalise"}),
    "projected, exact": Variant("published", network={"constraint": "project"}),
    "fluxes, repartition learnt": Variant("fluxes", repartition=False),
    "fluxes, exact": Variant("fluxes"),
}
LONG = {
    "published, long": Variant("published"),
    "published, long, one cycle": Variant(
        "published", optimiser={"learning_rate": 4e-3, "schedule": "one_cycle"}
    ),
    "fluxes, exact, long": Variant("fluxes"),
}
"""Long trainings, all with as many steps."""
LONG_SEEDS = range(3)


def main(
    work: Annotated[Path, typer.Argument(help="Folder for data, trainings and scores.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to bring up to date.")],
) -> None:
    """Make data, train, score, and write the generated parts of the page."""
    torch.set_num_threads(1)
    data = {name: _data(work, name) for name in RUNS}
    scores = _scores(work, data)
    speed = _cached(work / "speed.json", lambda: _speed(data["test"]))
    names = ["published", "fluxes, repartition learnt", "fluxes, exact", *LONG]
    parts = {
        "variants": variant_table(scores),
        "columns": column_table(scores, names),
        "long": _long_table(work, data["test"]),
        "speed": speed_tables(speed),
        "rate": rate_table(speed),
        "regimes": regime_table(),
        "protons": proton_tables(work),
    }
    where = {kind: (data[name], name) for name, kinds in KINDS.items() for kind in kinds}
    of_regime = {kind: where.get(kind, (data["train"], "train")) for kind in REGIMES}
    draw_regimes(of_regime, output.parent / "images" / "emulation_regimes.png")
    replace_parts(output, parts)
    typer.echo(output)


def _data(work: Path, name: str) -> Windows:
    path = work / f"{name}.parquet"
    if not path.exists():
        regimes = KINDS.get(name, TRAINING)
        seed = 1 + list(RUNS).index(name)
        mixed = 0.0 if name in KINDS else MIXED
        write_m7_data(
            path, MODEL, regimes=regimes, runs=RUNS[name], steps=4, seed=seed, mixed=mixed
        )
    return read_windows(path)


def _config(variant: Variant, *, steps: int | None) -> EmulatorConfig:
    content = EmulatorConfig.load(CONFIGS / f"{variant.settings}.yaml").model_dump(mode="json")
    content["loss"] |= dict(variant.loss)
    content["network"] |= dict(variant.network)
    content["optimiser"] |= dict(variant.optimiser)
    if steps is not None:
        content["optimiser"] |= {"steps": steps, "validate_every": 500}
    if not variant.repartition:
        content["name"] = "fluxes-learnt"
    return EmulatorConfig.model_validate(content)


def _emulator(
    work: Path, data: dict[str, Windows], variant: Variant, seed: int, steps: int | None
) -> Emulator:
    trained = train_emulator(
        _config(variant, steps=steps),
        m7_system(MODEL, repartition=variant.repartition),
        training=data["train"],
        validation=data["val"],
        runs=work / "runs",
        seed=seed,
        rest=M7(repartition=False).step,
        progress=False,
    )
    emulator = load_emulator(trained.folder / "weights.safetensors")
    if variant.after is None:
        return emulator
    constrained = PublishedEmulator(
        emulator.system, hidden=emulator.sizes["hidden"], constraint=variant.after
    )
    constrained.load_state_dict(emulator.state_dict())
    return constrained


def _cached(path: Path, make: Callable[[], Any]) -> Any:
    if not path.exists():
        write_json(path, make())
    return json.loads(path.read_text("utf-8"))


def _scores(work: Path, data: dict[str, Windows]) -> dict[str, list[dict[str, Any]]]:
    """Scores of all seeds of all variants, and of the longest training."""

    def make(variant: Variant, seed: int, steps: int | None) -> dict[str, Any]:
        typer.echo(f"{variant}, seed {seed}", err=True)
        emulator = _emulator(work, data, variant, seed, steps)
        found = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(score(emulator, data["test"])).items()
        }
        return found | {"dev": score(emulator, data["dev"]).r2.tolist()}

    found: dict[str, list[dict[str, Any]]] = {}
    jobs: list[tuple[str, Variant, int, int | None]] = [
        (name, v, seed, STEPS) for seed in SEEDS for name, v in VARIANTS.items()
    ]
    jobs += [(name, v, seed, None) for seed in LONG_SEEDS for name, v in LONG.items()]
    for name, variant, seed, steps in jobs:
        path = work / "scores" / f"{name.replace(' ', '-')}-{seed}.json"
        found.setdefault(name, []).append(
            _cached(path, lambda v=variant, n=seed, s=steps: make(v, n, s))
        )
    return {name: found[name] for name in [*VARIANTS, *LONG]}


def _long_table(work: Path, test: Windows) -> list[str]:
    """Median relative errors of number and mass of each mode after a day and ten."""
    names = ["with completion", "with correction", "fluxes, repartition learnt", "fluxes, exact"]
    rows: list[list[str]] = []
    for name in [*names, *LONG]:
        variant = (VARIANTS | LONG)[name]
        steps = None if name in LONG else STEPS
        path = work / "long" / f"{name.replace(' ', '-')}.json"

        def make(v: Variant = variant, s: int | None = steps) -> Any:
            data = {each: _data(work, each) for each in ("train", "val")}
            return _long_errors(_emulator(work, data, v, 0, s), test)

        for time, errors in _cached(path, make).items():
            rows.append([f"{name}, {time}", *errors])
    titles = ["", "N", *(f"N {mode}" for mode in MODES), *(f"m {mode}" for mode in MODES), "lost"]
    return table(titles, rows, align="right")


def _long_errors(emulator: Emulator, test: Windows) -> dict[str, list[str]]:
    first = test.part(slice(0, CELLS))
    runs = compare_long_runs(emulator, MODEL.run, first, steps=10 * DAY, keep=DAY)
    found: dict[str, list[str]] = {}
    for time, at in {"1 day": 1, "10 days": 10}.items():
        states = runs.emulator[at], runs.model[at]
        states = (*states, runs.model[0])
        numbers = [_error(*(each[:, 19 + mode] for each in states)) for mode in range(7)]
        masses = [_error(*(_mass(each, mode) for each in states)) for mode in range(7)]
        both = [_error(*(each[:, 19:].sum(axis=1) for each in states))]
        gone = ~np.isfinite(states[0]).all(axis=1) | (states[0] < 0).any(axis=1)
        gone |= (np.abs(states[0]) > 1e3 * (states[1].max(axis=0) + 1)).any(axis=1)
        found[time] = [*both, *numbers, *masses, f"{100 * gone.mean():.0f} %"]
    return found


def _error(found: np.ndarray, wanted: np.ndarray, start: np.ndarray) -> str:
    error = median_error(found, wanted, start)
    return "-" if not np.isfinite(error) else f"{100 * error:.3g}" if error < 99 else "> 9900"


def _mass(state: np.ndarray, mode: int) -> np.ndarray:
    """Volume of the particles of a mode, which adds up its species."""
    return state @ np.array(m7_system(MODEL).sums[mode])


def _speed(test: Windows) -> Any:
    config = EmulatorConfig.load(CONFIGS / "fluxes.yaml")
    ours = FluxEmulator(m7_system(MODEL), **config.network.sizes)
    emulators = [PublishedEmulator(m7_system(MODEL)), ours]
    for emulator in emulators:
        emulator.fit_scales(test.part(slice(0, 2000)))  # weights do not matter
    return measure_speed(emulators, MODEL, test)


if __name__ == "__main__":
    typer.run(main)
