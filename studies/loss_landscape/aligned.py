"""Two trainings -> the second one with its hidden units in the order of the first."""

from torch import Tensor, nn

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.inputs import Places, frames_of, problem_of
from studies.loss_landscape.plan import Pair
from studies.trainings import Run
from trackscape.data import Hits
from trackscape.landscape import align, align_by_outputs
from trackscape.landscape.similarity import layer_features
from trackscape.scoring import Scorer
from trackscape.tracker_landscape import apply_network, compared_layers, unit_groups


def aligned_by_weights(first: Scorer, second: Scorer) -> nn.Module:
    """Returns the second network with its weights as near to those of the first as was found."""
    return align(second, first, unit_groups(first)).model


def aligned_by_outputs(
    study: StudyConfig, pair: Pair, first: Scorer, second: Scorer, places: Places
) -> nn.Module:
    """Returns the second network with units that compute what those of the first do.

    On training frames, and with equal rows of both: segments, or messages.
    """
    frames = frames_of(study, study.training, study.similarity.frames, data=places.data)
    groups = unit_groups(first)
    wanted, outputs = (
        _outputs(study, run, scorer, frames)
        for run, scorer in zip(pair, (first, second), strict=True)
    )
    return align_by_outputs(second, first, groups, outputs=outputs, wanted=wanted).model


def _outputs(study: StudyConfig, run: Run, scorer: Scorer, frames: list[Hits]) -> dict[str, Tensor]:
    """Returns what units compute behind their activation, if there is one, by group.

    First layers are computed together with what comes before them, and are never called.
    """
    # The compiled path calls no layers that could be looked at.
    problem = problem_of(study, run, scorer, frames, twice_differentiable=True)
    names, compared = [name for name, _ in scorer.named_modules()], compared_layers(scorer)
    behind = {
        group.name: next(name for name in names[names.index(group.name) :] if name in compared)
        for group in unit_groups(scorer)
    }
    found = layer_features(
        problem.model,
        problem.batches,
        list(behind.values()),
        apply_network,
        rows=study.similarity.rows,
    )
    return {group: found[layer] for group, layer in behind.items()}
