"""Makes every kind of page, and what it must show: `python tests/browser_pages.py FOLDER`.

The tests that open them in a browser (`tests/browser`) run without trackscape: they read the pages
and `expected.json` from the folder.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trackscape import demo, samples
from trackscape.data import Hits, Tracks
from trackscape.display import write_html
from trackscape.evaluation.evaluate import read_frames
from trackscape.evaluation.matching import held_segments, judge
from trackscape.formats import read_hits, write_hits
from trackscape.landscape import Trajectory
from trackscape.landscape.output import write_surface_html
from trackscape.landscape.points import grid
from trackscape.landscape.surface import Surface
from trackscape.tracking import Rated, load_tracker, rate_tracks
from trackscape.training.config import TrainingConfig

N_FRAMES, PROTONS = 10, 150
FILTERS = [
    {},
    {"least probability": 0.5},
    {"most probability": 0.5},
    {"least length": 22, "most length": 22},
    {"least probability": 0.9, "least length": 18},
]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tracker = load_tracker("trackscape")
    frames = read_frames(samples.TRAIN, per_frame=PROTONS)[:N_FRAMES]
    rated = [rate_tracks(tracker, frame) for frame in frames]
    write_html(rated, folder / "viewer.html", title="Ten frames of 150 protons")
    few = (rate_tracks(tracker, frame) for frame in read_frames(samples.VALIDATION, per_frame=30))
    small = next(each for each in few if bool(judge(each.tracks).wrong.any()))
    write_html(small, folder / "small.html", title="A frame of 30 protons")
    write_html(without_truth(small), folder / "measured.html", title="A measured frame")
    none = small.tracks.hits.select(torch.zeros(0, dtype=torch.int64))
    nothing = Tracks(hits=none, index=none.layer, offset=torch.zeros(1, dtype=torch.int64))
    write_html([nothing, nothing], folder / "empty.html", title="Frames without a hit")
    surface = bowl()
    way = Trajectory(np.array([[-0.9, 0.5], [-0.5, 0.4], [0.1, 0.1]]), np.array([3.0, 1.0, 0.1]))
    write_surface_html(surface, folder / "surface.html", title="A bowl", trajectory=way)
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(report(Path(scratch)), folder / "report.html")
    expected = {
        "frames": [numbers_of(each) for each in rated],
        "small": {
            **numbers_of(small),
            "hits": [words_of(small, hit) for hit in range(len(small.tracks.hits))],
            "wrong": wrong_segments(small),
        },
        "surface": {"loss": surface.mean("loss").ravel().tolist()},
    }
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def wrong_segments(rated: Rated) -> list[Any]:
    """Positions of both hits of each segment that joins two protons, (segments, 2, 3)."""
    segments = held_segments(rated.tracks)[0][:, judge(rated.tracks).wrong]
    return rated.tracks.hits.position[segments.T].tolist()


def without_truth(rated: Rated) -> Rated:
    hits = rated.tracks.hits
    blind = Hits(position=hits.position, energy=hits.energy, layer=hits.layer)
    tracks = Tracks(hits=blind, index=rated.tracks.index, offset=rated.tracks.offset)
    return Rated(tracks, tracks, rated.log_odds, rated.short)


def numbers_of(rated: Rated) -> dict[str, Any]:
    """Counts of a frame, and those of its tracks that pass each of the filters."""
    tracks, found = rated.tracks, judge(rated.tracks)
    # The page knows probabilities to four digits.
    probability = (rated.probability * 1e4).round() / 1e4
    kept: list[list[int]] = []
    for limits in FILTERS:
        passing = torch.ones(len(tracks), dtype=torch.bool)
        for name, value in (("probability", probability), ("length", tracks.length)):
            passing &= value >= limits.get(f"least {name}", -torch.inf)
            passing &= value <= limits.get(f"most {name}", torch.inf)
        kept.append([int(passing.sum()), int((passing & found.correct).sum())])
    return {
        "hits": len(tracks.hits),
        "tracks": len(tracks),
        "correct": int(found.correct.sum()),
        "wrong segments": int(found.wrong.sum()),
        "missed": found.missed.shape[1],
        "free": int((tracks.of_hit < 0).sum()),
        "filters": [{"limits": limits, "kept": n} for limits, n in zip(FILTERS, kept, strict=True)],
    }


def words_of(rated: Rated, hit: int) -> dict[str, Any]:
    """What the page must say of a hit."""
    tracks, hits = rated.tracks, rated.tracks.hits
    truth, number = hits.known_truth, int(tracks.of_hit[hit])
    words: dict[str, Any] = {
        "position": hits.position[hit].tolist(),
        "layer": int(hits.layer[hit]),
        "keV": 1e3 * float(hits.energy[hit]),
        "track": number,
        "event": int(truth.event[hit]),
        "pdg": None if truth.pdg is None else int(truth.pdg[hit]),
        "primary": bool(truth.primary[hit]),
    }
    if number >= 0:
        chain = tracks[number]
        words["length"] = len(chain)
        words["probability"] = float(rated.probability[number])
        words["events"] = sorted(set(truth.event[chain].tolist()))
    return words


def bowl(steps: int = 25) -> Surface:
    """A surface that is 1 in the middle; its noise is common to all points."""
    rng = np.random.default_rng(0)
    directions = torch.from_numpy(rng.normal(size=(2, 7)))
    points = grid(
        torch.ones(7).double(), directions, steps=(steps, steps), axes=("axis 1", "axis 2")
    )
    height = 1 + (np.array([2.0, 1.0]) * points.coordinates.numpy() ** 2).sum(axis=1)
    values = height[:, None, None] + 0.1 * rng.normal(size=(6, 1)) + np.array([0.0, 2.0])
    return Surface(
        points=points,
        names=("loss", "errors"),
        values=values,
        weights=np.full(6, 1 / 6),
        about={"seed": 0},
    )


def report(folder: Path) -> Path:
    """The page of the demo, on few frames and after two steps of training."""
    config = TrainingConfig.load(demo.DEMO_CONFIG)
    optimiser = config.optimiser.model_copy(update={"steps": 2, "validate_every": 1})
    size = config.data.sizes[0]
    short = config.model_copy(update={"optimiser": optimiser})
    for source, name in ((samples.TRAIN, "a_train.npz"), (samples.VALIDATION, "a_val.npz")):
        hits = read_hits(source)
        last = hits.known_truth.event.unique()[4 * size]
        write_hits(hits.select(hits.known_truth.event < last), folder / name)
    TrainingConfig.load = classmethod(lambda cls, path: short)  # pyright: ignore
    return demo.run_demo(data=folder, output=folder, progress=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
