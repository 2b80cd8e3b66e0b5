"""Configuration + files -> a run folder with trained weights."""

import contextlib
import dataclasses
import inspect
import itertools
import logging
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from trackscape.data import Hits
from trackscape.errors import ConfigError, WeightsError
from trackscape.evaluation.evaluate import split_hits
from trackscape.formats import read_hits
from trackscape.scoring import Scorer, build_network, load_network
from trackscape.simulation import geometry_of_hits, layer_depths
from trackscape.tracking.acceptance import DETECTOR, choose_cut
from trackscape.training.config import DataConfig, TrainingConfig
from trackscape.training.fit import fit
from trackscape.training.frames import FrameData
from trackscape.training.modules import TrackingModule, check_optimiser
from trackscape.training.run_folder import open_run

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished training."""

    folder: Path
    """The run folder; its ``weights.safetensors`` holds the best weights."""
    purity: float
    """Validation purity of the best weights, as published, from 0 to 1."""


def train(
    config: TrainingConfig,
    *,
    data: Path | str,
    runs: Path | str,
    seed: int,
    weights: Path | str | None = None,
    progress: bool = True,
) -> Trained:
    """Trains a network, or goes on where a killed or interrupted training stopped.

    All files are read and checked before anything is written.

    Arguments:
        config: The settings.
        data: Folder with the hit files that the settings name.
        runs: Folder in which the run folder is made.
        seed: Seed of the initial weights, of the order of the frames and of noise in the loss.
        weights: Weights of the same network to start from, instead of random ones.
        progress: Whether to show a progress bar.

    Raises:
        MissingPackageError: If the optimiser's package is not installed.
        FormatError: If a hit file is missing or damaged.
        WeightsError: If the weights to start from are of another network.
        RunError: If the run folder belongs to other data, is damaged or in use.
    """
    check_optimiser(config.optimiser.kind)
    data, runs = Path(data), Path(runs)
    weights = None if weights is None else Path(weights)
    training, validation = read_training_frames(config.data, folder=data)
    _LOG.info("Frames: %d to train on, %d to choose by.", len(training), len(validation))
    torch.manual_seed(seed)
    scorer = build_network(config.network.kind, **config.network.sizes)
    if weights is not None:
        _start_from(weights, scorer)
    names = dict.fromkeys([*config.data.training, *config.data.validation])
    inputs = [*(data / name for name in names), *([weights] if weights else [])]
    inputs += _own_code(type(scorer), type(config.loss))
    folder = open_run(runs, config, seed=seed, inputs=inputs)
    optimiser = config.optimiser
    depths = _depths(training)
    module = TrackingModule(
        scorer=scorer,
        loss=config.loss.seeded(seed),
        assigner=config.assigner.build(),
        optimiser=optimiser.kind,
        min_last_deposit=choose_cut(depths).min_last_deposit,
        **optimiser.model_dump(include={"learning_rate", "schedule", "steps", "averaging"}),
    )
    frames = FrameData(
        training=training,
        validation=validation,
        scorer=scorer,
        graphs_per_epoch=optimiser.validate_every * optimiser.graphs_per_step,
        seed=seed,
    )
    purity = fit(
        module,
        frames,
        folder=folder,
        epochs=optimiser.steps // optimiser.validate_every,
        graphs_per_step=optimiser.graphs_per_step,
        about={"run": folder.name, DETECTOR: geometry_of_hits(depths).to_json()},
        progress=progress,
    )
    return Trained(folder=folder, purity=purity)


def _own_code(*classes: type) -> list[Path]:
    """Files of classes of the user's own, which may change before the training goes on."""
    own = [each for each in classes if each.__module__.partition(".")[0] != "trackscape"]
    found: list[Path] = []
    for each in own:
        with contextlib.suppress(OSError, TypeError):  # what was typed has no file
            found.append(Path(inspect.getfile(each)))
    return [path for path in dict.fromkeys(found) if path.is_file()]


def _start_from(weights: Path, scorer: Scorer) -> None:
    start = load_network(weights, network=type(scorer))
    if type(start) is not type(scorer) or start.sizes != scorer.sizes:
        raise WeightsError(
            f"{weights}: expected weights of {scorer.architecture}, as the settings say, got "
            f"{start.architecture}. Change either."
        )
    scorer.load_state_dict(start.state_dict())


def read_training_frames(config: DataConfig, *, folder: Path) -> tuple[list[Hits], list[Hits]]:
    """Returns the frames that are trained on, and those that choose the best weights.

    Raises:
        FormatError: If a hit file is missing or damaged.
        ConfigError: If nothing is left to train on.
    """
    training: list[Hits] = []
    validation: list[Hits] = []
    for name in config.training:
        # The largest frames first: their events decide what is held out of all sizes.
        by_size = _frames_by_size(folder / name, sorted(config.sizes)[::-1])
        n_held_out = math.ceil(len(by_size[0]) * (config.held_out or 0))
        held_out = _events(by_size[0][len(by_size[0]) - n_held_out :])
        for frame in itertools.chain.from_iterable(by_size):
            apart = torch.isin(frame.known_truth.event, held_out)
            if not apart.any():
                training.append(frame)
            elif apart.all():
                validation.append(frame)
    if not training:
        raise ConfigError(
            f"held_out is {config.held_out}, which leaves no frame to train on; use larger files."
        )
    for name in config.validation:
        for frames in _frames_by_size(folder / name, config.sizes):
            validation += frames[: config.validation_frames]
    return training, validation


def _frames_by_size(path: Path, sizes: Sequence[int]) -> list[list[Hits]]:
    hits = read_hits(path)
    return [split_hits(hits, per_frame=size, path=path) for size in sizes]


def _events(frames: list[Hits]) -> Tensor:
    events = [frame.known_truth.event.unique() for frame in frames]
    return torch.cat(events) if events else torch.empty(0, dtype=torch.int64)


def _depths(frames: Sequence[Hits]) -> dict[int, float]:
    """Mean z in mm of the hits in each layer."""
    layer = torch.cat([hits.layer for hits in frames]).numpy()
    z = torch.cat([hits.position[:, 2] for hits in frames]).double().numpy()
    return layer_depths(layer, z)
