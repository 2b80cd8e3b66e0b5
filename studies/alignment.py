"""Displaced layers that align themselves without truth, beside straight lines, as a page.

Run as ``python -m studies.alignment DATA -o docs/alignment.md``, with the folder that holds
``water_{100,150,200}_{train,val}.npz``.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from studies.data_sets import PHANTOMS
from studies.markdown import table
from trackscape.alignment import (
    WEAK_MODES,
    LayerAlignment,
    align_hits,
    displace_hits,
    displacements,
    evidence,
    fit_alignment,
    fit_straight_lines,
    free_of_weak_modes,
    start_alignment,
)
from trackscape.data import Hits
from trackscape.evaluation import evaluate_frames, read_frames
from trackscape.files import replacing
from trackscape.progress import show_progress
from trackscape.tracking import Tracker, load_tracker
from trackscape.units import mm, mrad, um

SEEDS = (0, 1, 2)
PER_FRAME = 100
N_FRAMES = 200
NEXT = 155
"""Frames from the first one of a seed to the first one of the next."""
LARGEST_SHIFT, LARGEST_ROTATION = 0.2 * mm, 2 * mrad


class Distance(NamedTuple):
    """Root mean square over layers of what an alignment gets wrong, weak modes aside."""

    shift: float
    """In mm, of x and y together."""
    rotation: float
    """In rad."""
    unbent: float
    """As `shift`, but the bow, proportional to z², is aside as well."""


class Case(NamedTuple):
    """One displaced detector."""

    phantom: int
    seed: int
    before: Distance
    lines: Distance
    fitted: Distance
    expected: float
    """What the standard errors say of the shifts, in mm."""
    held_out: Distance
    """Of the fit to the frames of the val file."""
    purity: list[float]
    """In the val file: displaced, by straight lines, by the fit, not displaced."""
    evidence: list[float]
    """As the purity."""
    seconds: list[float]
    """CPU seconds of the fit and of straight lines."""


def main(
    data: Annotated[Path, typer.Argument(help="Folder with the Geant4 files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Displace layers, align them and write the page."""
    cases = [(phantom, seed) for phantom in PHANTOMS for seed in SEEDS]
    measured = [_measure(data, *case) for case in show_progress(cases, "displaced detectors")]
    with replacing(output) as partial:
        partial.write_text(_page(measured), encoding="utf-8")
    typer.echo(output)


def _measure(data: Path, phantom: int, seed: int) -> Case:
    tracker = load_tracker()
    train, val = (
        read_frames(data / f"water_{phantom}_{name}.npz", per_frame=PER_FRAME)
        for name in ("train", "val")
    )
    frames = train[NEXT * seed : NEXT * seed + N_FRAMES]
    truth = _displaced(start_alignment(frames), seed)
    seen, unseen = (_displace(each, truth) for each in (frames, val))
    fitted, own = _timed(lambda: fit_alignment(seen))
    lines, other = _timed(lambda: fit_straight_lines(seen, tracker=tracker))
    start = start_alignment(seen)
    detectors = [unseen, *([align_hits(f, each) for f in unseen] for each in (lines, fitted)), val]
    return Case(
        phantom=phantom,
        seed=seed,
        before=distance(start, truth),
        lines=distance(lines, truth),
        fitted=distance(fitted, truth),
        expected=_rms(fitted.shift_error[fitted.fitted]),
        held_out=distance(fit_alignment(unseen), truth),
        purity=[_purity(each, tracker) for each in detectors],
        evidence=[evidence(each) for each in detectors],
        seconds=[own, other],
    )


def _displaced(start: LayerAlignment, seed: int) -> LayerAlignment:
    random = np.random.default_rng(seed)
    shift = random.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, (start.n_layers, 2))
    rotation = random.uniform(-LARGEST_ROTATION, LARGEST_ROTATION, start.n_layers)
    return dataclasses.replace(start, shift=shift, rotation=rotation)


def _displace(frames: Sequence[Hits], truth: LayerAlignment) -> list[Hits]:
    return [displace_hits(frame, truth) for frame in frames]


def _timed(fit: Callable[[], LayerAlignment]) -> tuple[LayerAlignment, float]:
    start = time.process_time()
    return fit(), time.process_time() - start


def distance(found: LayerAlignment, truth: LayerAlignment) -> Distance:
    """Returns how far an alignment is from the truth, in the layers that it fits."""
    n = min(found.n_layers, truth.n_layers)  # layers behind are in few frames, and never fitted
    fitted, depth = found.fitted[:n], found.depth[:n]
    wrong = displacements(found)[:, :n] - displacements(truth)[:, :n]
    wrong = free_of_weak_modes(wrong, depth, fitted)[:, fitted]
    z = depth[fitted]
    powers = np.vander((z - z.mean()) / z.std(), 3)
    unbent = wrong[:2] - (powers @ np.linalg.lstsq(powers, wrong[:2].T)[0]).T
    return Distance(_rms(wrong[:2]), _rms(wrong[2]), _rms(unbent))


def _rms(values: np.ndarray) -> float:
    return math.sqrt(float(np.square(values).mean()))


def _purity(frames: Sequence[Hits], tracker: Tracker) -> float:
    summary = evaluate_frames(frames, tracker=tracker, method="trackscape", per_frame=PER_FRAME)
    return summary.values["purity"]


def _page(cases: Sequence[Case]) -> str:
    lines = [HEAD, "## How far layers are from where they are said to be\n"]
    lines += table(
        ["water, seed", "displaced", "straight lines", "fit", "standard errors", "fit, val"],
        [
            [
                _name(case),
                *map(_shown, (case.before, case.lines, case.fitted)),
                f"{case.expected / um:.1f}",
                _shown(case.held_out),
            ]
            for case in cases
        ],
    )
    lines += [EXPLAINED, "## Purity and evidence\n"]
    lines += table(
        ["water, seed", "displaced", "straight lines", "fit", "not displaced"],
        [[_name(case), *(f"{100 * p:.2f}; {e:.4f}" for p, e in _pairs(case))] for case in cases],
    )
    lines += [PURITY, "## Time\n"]
    lines += table(
        ["water, seed", "fit", "straight lines"],
        [[_name(case), *(f"{second:.0f} s" for second in case.seconds)] for case in cases],
    )
    return "\n".join([*lines, TIME])


def _name(case: Case) -> str:
    return f"{case.phantom} mm, {case.seed}"


def _shown(each: Distance) -> str:
    return f"{each.shift / um:.1f} ({each.unbent / um:.1f}), {each.rotation / mrad:.3f}"


def _pairs(case: Case) -> list[tuple[float, float]]:
    return list(zip(case.purity, case.evidence, strict=True))


_MODES = "\n".join(f"- {mode}" for mode in WEAK_MODES)
HEAD = f"""# Alignment without truth

A displaced layer bends every track at it. `trackscape align` finds the shifts and rotations of all
layers in their planes from the hits of unlabelled frames, and `--alignment` corrects the hits of
the misaligned layers by them:

```
trackscape align hits.npz --per-frame 100 -o alignment.yaml
trackscape reconstruct hits.npz --per-frame 100 --alignment alignment.yaml -o tracks.parquet
```

<!-- run first
from trackscape import read_hits, split_frames
frames = split_frames(read_hits("hits.npz"), per_frame=100)
-->
```python
from trackscape.alignment import align_hits, fit_alignment
found = fit_alignment(frames)
aligned = [align_hits(frame, found) for frame in frames]
```

The network gives each pair of segments the probability that one proton left it, and its kink a
density. With these as weights, least squares straighten all tracks at once; then the network looks
again (expectation and maximisation). No track is decided for, and no label is looked at. At first
the network is told that layers may be displaced by 0.2 mm, then by less, then not at all.

The file holds, for each layer, shifts in mm and the rotation about z in mrad, with standard errors.
Layers with less than 500 protons are not fitted, stay at 0, and are named.

No track tells the weak modes, so they are 0 in what is fitted; what is known of them has to
come from elsewhere, such as a survey or the beam spots:

{_MODES}

The twist bends tracks that lean, but too little to use. The bow, a shift in proportion to z², is
no weak mode, but the least known of all others: scattering bends all protons a little, and its mean
over those of 200 frames is not 0.

The evidence is the logarithm of the sum over all sets of tracks, for each hit. The better alignment
has the larger one; so have the right depths of layers beside wrong ones, unless all are
stretched as a whole.

## What was measured

Made by `python -m studies.alignment DATA -o docs/alignment.md`, on one core: Geant4's hits behind
100, 150 and 200 mm of water, {PER_FRAME} protons a frame. All layers are shifted in x and in y by
up to {LARGEST_SHIFT:g} mm and rotated by up to {LARGEST_ROTATION / mrad:g} mrad, drawn evenly.
Alignments are fitted to {N_FRAMES} frames of the train files, those of the next seed begin
{NEXT} frames later. Straight lines are the usual way: tracks are found by the same network, a line
is fitted to each, layers move by the mean of their residuals, eight times.
"""
EXPLAINED = """
Root mean square over the fitted layers of what is wrong, weak modes aside: shifts (with the bow
aside as well) in µm, rotations in mrad. *Standard errors* are those that the fit gives its shifts.
*val* is fitted to the 50 frames of the val files, which chose nothing: a quarter of the
protons, so twice the error.

What is left is scattering, not the displacement: the val frames, which are the same for all seeds,
give the same error for each displacement. It lies mostly in the bow, in the two trackers far in
front of the others, and in how rotations change along z. The fit meets 5 µm in each case if the bow
is aside, in six of nine if not; 0.1 mrad in two of nine. Better needs more protons, not a better
fit: errors fall with the root of their number.
"""
PURITY = """
Purity in %, and evidence for each hit, of the 50 frames of the val files, in which the layers are
displaced as in the train files. They are aligned by what was fitted to the train files.
"""
TIME = """
CPU seconds for 200 frames on one core.
"""


if __name__ == "__main__":
    typer.run(main)
