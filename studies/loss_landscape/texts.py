"""What was done, in the words of the page."""

from studies.loss_landscape import published
from studies.loss_landscape.answer import CONNECTED, LARGE, ON_PAR
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.figures import SPAN
from studies.loss_landscape.flatness import FLAT
from studies.markdown import COVERAGE, listing

FAULTS = (
    "The published panels were made by code that is public. Where it does something else than the "
    "text says, ours does what the text says:",
    "",
    "- **Cross-entropy surfaces.** The published loss of a point is that of the last event of the "
    "data set, divided by the number of events: a sum was overwritten, not added to. Ours are "
    "means over all frames, with standard errors. So no published value of a cross-entropy surface "
    "can stand beside ours.",
    "- **BatchNorm.** Published surfaces and curves were evaluated in the mode of a training: each "
    "event is normalised by itself, and what is drawn is not the network whose performance is "
    "reported. Here planes have the statistics of the trained network, frozen, and all points of a "
    "path have statistics of their own, since those of one end are wrong everywhere else.",
    "- **Hessian through the assignment.** The backward pass of the blackbox layer is a constant "
    "for automatic differentiation, so that its published Hessian, of 10 events, is that of a "
    "linearised model: on a toy its product with a vector agrees with differences of the same "
    "gradient only over steps that cross no change of a decision. Ours is the exact one of the "
    "smooth loss, at the weights of every training.",
    "- **Disagreement.** The published one decides at costs of 1 - logit, not of 1 - probability: "
    "other decisions than those whose purity is reported. Ours are those.",
    "- **Tests.** The published ones permute pairs of trainings as if they were independent; each "
    "training is in many of them. Ours permute trainings; both are in the table.",
    "- **Lines.** The published lines join trainings as they are. Hidden units can be permuted "
    "without any change of what a network computes, so that a barrier may be one of names only; "
    "here each line is drawn after an alignment, too.",
    "- **Uncertainty.** There are no published errors. Here all points see the same frames, and "
    "intervals are over seeds and frames.",
    "",
    "Other differences are no faults: fewer frames of training, another optimiser, the last "
    "weights instead of the best of many validations, hits of another simulation, and curves from "
    "a shorter search.",
)

BARRIERS = (
    "Barriers: the largest excess over what would be between the losses of the ends. Mode "
    "connectivity (mc): mean of the ends - the loss that differs most from it, so that a barrier "
    "is negative. The smooth loss is that of the network's own kind, cross-entropy or likelihood. "
    "Distances are of the weights."
)
NORM = (
    "The Hamming loss of the trainings themselves (1e-3), on the frames of the planes with the "
    "statistics of BatchNorm as trained, and on those of the curves with new ones:"
)


def of_verdicts(study: StudyConfig) -> str:
    """Returns what verdicts follow from, and how far they reach."""
    optimiser = study.optimiser
    frames = optimiser.steps * optimiser.graphs_per_step
    shift = published.GRAPHS_A_STEP / optimiser.graphs_per_step
    return (
        "Each verdict follows from tests, by the rule that its line states. p values are of t "
        "tests or, where settings are compared by pairs, of permutations: raw / corrected by Holm "
        "for all numbers that the claim is asked of, that is, all settings, and both ways to "
        "decide. *For sure*, *level* and *worse*, and bold numbers, are by corrected p below 0.05; "
        f"intervals are of single numbers. Verdicts are about trainings of {frames:,} frames, "
        f"{100 * frames / published.FRAMES:.2g} % of the published number, with {shift:g} times "
        "the published shift of costs: what shows only after many more frames, or with smaller "
        f"shifts, is not refuted here. The bounds ({LARGE:g} for large, {CONNECTED:.2f} for "
        f"connected, {100 * ON_PAR:g} points for on par) are ours; with few seeds such tests have "
        f"little power, and *not shown here* is no evidence of the opposite.\n\n{COVERAGE}"
    )


def of_trainings(study: StudyConfig) -> str:
    """Returns what was trained, and how far it is comparable."""
    optimiser = study.optimiser
    frames = optimiser.steps * optimiser.graphs_per_step
    return (
        f"{len(study.settings)} settings ({listing([each.name for each in study.settings])}) were "
        f"trained with {len(study.seeds)} seeds each: ptt by cross-entropy, pat through the "
        "assignment (published convention, strength lambda in the name), trackscape by the "
        f"likelihood of tracks. A training has {frames:,} frames of {study.per_frame} p+/F "
        f"({optimiser.kind}, {optimiser.learning_rate:g}; the published ones {published.FRAMES:,} "
        "of 100 p+/F), and its last weights count. A step has "
        f"{_count(optimiser.graphs_per_step, 'frame')}; the published code divides the loss by the "
        f"{published.GRAPHS_A_STEP} of its steps before the assignment is shifted, so that an "
        "equal lambda shifts costs "
        f"{published.GRAPHS_A_STEP / optimiser.graphs_per_step:g} times as far here. All is "
        f"measured on {listing(study.judged)}, which no training saw. Regenerate with `make "
        "landscape`."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def of_quality(study: StudyConfig) -> str:
    """Returns how decisions were judged."""
    settings = study.similarity
    return (
        f"In %, on {settings.decided_frames} frames. *own*: decided as in the training, that is "
        "with the published assignment (card), where tracks end only where they must, or, for "
        "trackscape, with a cost of 0.5 for an end. *tuned*: with the cost that suits the weights "
        f"best on {settings.tuning_frames} frames of the training files. Published: mean of the "
        "three phantoms at 50 p+/F. Changes are in points, paired over seeds and frames, with p "
        "raw / corrected by Holm for all rows of the column, bold if the corrected one is below "
        "0.05; TPR and FPR are of edges."
    )


def of_planes(study: StudyConfig) -> str:
    """Returns how planes were made."""
    planes = study.planes
    return (
        "The Hessian is the exact one of the smooth loss: of cross-entropy for ptt and pat, of the "
        "likelihood for trackscape. The loss that pat minimises is one of discrete decisions, "
        "which is constant almost everywhere: its Hessian is zero, so that the eigenvalues of pat "
        "are those of the cross-entropy landscape at its weights, where that has no minimum. "
        f"Eigenvectors are of {_count(planes.eigen_frames, 'frame')}, the two of largest "
        f"magnitude, with residuals below {100 * planes.tolerance:g} %. Each of their tensors is "
        "scaled to the norm of the weights' one, as published, which bends them: *angle* is what "
        f"is left of 90°. A plane has {planes.steps} x {planes.steps} points up to "
        f"{planes.extent:g}, evaluated on {_count(planes.frames, 'frame')} with BatchNorm frozen; "
        "smooth loss and Hamming loss come from the same evaluation. Dots cover what is within 2 "
        "standard errors of the minimum, by differences frame by frame. Colours of a loss are the "
        f"same in all planes, and end at {SPAN:,.0f} times the least.\n\n"
        "Means over seeds (least to most). *Lower by*: how far the lowest point lies below the "
        "training, relative to its loss; *by > 2 errors*: in how many trainings by more than 2 "
        "standard errors of that point alone, which is no test: it is the lowest of many points, "
        "and so a lucky one. *Flat*: share of the plane "
        f"with less than {FLAT:g} times the loss of the training."
    )


def of_curves(study: StudyConfig) -> str:
    """Returns how paths were made."""
    curves = study.curves
    return (
        f"All pairs of trainings of the same network. *line*: straight; *aligned line*: to the "
        "second training with its hidden units permuted to the order of the first; *curves*: "
        "quadratic Bezier curves between the trainings as they are, whose middle point was trained "
        f"{_count(curves.steps, 'step')} of {_count(curves.frames_per_step, 'frame')} (Adam, "
        f"{curves.learning_rate:g}), by the decisions (Hamming loss with the blackbox gradient, "
        f"largest shift of a cost {curves.strength:g}) or by the smooth loss. {curves.points} "
        f"points are evaluated on {_count(curves.frames, 'frame')}, with the statistics of "
        "BatchNorm recomputed at each of them. Decisions are those of the training (*own*). "
        "*pat and ptt*, and *pat, mixed* with two strengths, are of different seeds; *same start*: "
        "of the same seed, so that both trainings began with the same weights and saw the same "
        "frames. Least, largest and mean values along a path are means over pairs; the published "
        "ones are of 51 points at 100 p+/F."
    )


def of_layers(study: StudyConfig) -> str:
    """Returns how layers were compared."""
    settings = study.similarity
    return (
        "Linear CKA of the activations and of the end of each block, with the unbiased estimator "
        f"over minibatches of {settings.rows:,} rows, of {_count(settings.frames, 'frame')}: 1 for "
        "layers that differ by a rotation and a scale. Tables: mean over pairs of the median over "
        "the layers of a module. Published: medians; a range is that of the three strengths."
    )


def of_decisions(study: StudyConfig) -> str:
    """Returns how decisions were compared."""
    return (
        "Disagreement of the decisions that are evaluated, on "
        f"{_count(study.similarity.decided_frames, 'frame')}, min-max normalised: 0 if one of two "
        "trainings makes all errors of the other, 1 if they have none in common; *by chance*: if "
        "errors were independent. In the picture: own below the diagonal, tuned above it."
    )


def of_tests(least: float) -> str:
    """Returns how settings were tested against each other."""
    return (
        "Tests of settings against each other. *within*: pairs of the first setting minus pairs of "
        "the second; *between*: pairs of one of each, of equal seeds too, minus pairs within "
        "either. A training with n partners is in n pairs, so that trainings are permuted, with "
        f"all of their pairs; with so few of them p is at least {least:.3f}. It is corrected by "
        "Holm for all tests of the same question: those that compare the same measure, however it "
        "is decided, in the same way with the same second setting; bold if it is below 0.05 then. "
        "Permuting pairs as if they were independent, as was published, gives the last column. "
        "Intervals are over seeds, of single comparisons."
    )
