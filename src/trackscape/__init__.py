r"""Charged-particle tracks from a network that is trained through the assignment that decides them.

    Hits -> HitGraph (-> LineGraph) -> EdgeScores -> Assignment -> Tracks

Each arrow is one subpackage, and each subpackage imports only from those above it:

    data                 the nouns above
    formats              files                 <-> Hits, Tracks
    simulation           beam, phantom         -> Hits
    graph_construction   neighbouring layers   -> HitGraph, LineGraph
    scoring              networks              -> EdgeScores
    assignment           one successor a hit   -> Assignment
    tracking             chaining, filters     -> Tracks
    evaluation           tracks and truth      -> purity, efficiency, ...
    alignment            unlabelled frames     -> where the layers are
    imaging              tracks of a scan      -> ranges, paths, images of stopping power
    reconstruction       files of any size     -> tables of tracks, metrics
    pixels               hits                  -> pixels -> hits
    training             frames and objective  -> weights
    display              tracks                -> pictures and pages
    landscape            any model             -> surfaces, curvature, paths, similarity
    tuning               settings and values   -> the next settings to try out
    comparison           two hit files         -> how far they agree
    tracker_landscape    networks and frames   -> their landscapes
    tracker_tuning       trackers, trainings   -> their best settings
    emulation            a box model           -> a network in its place

What most people need can be imported from here; it is loaded when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackscape.assignment import Assigner as Assigner
    from trackscape.comparison import compare_files as compare_files
    from trackscape.data import Assignment as Assignment
    from trackscape.data import EdgeScores as EdgeScores
    from trackscape.data import HitGraph as HitGraph
    from trackscape.data import Hits as Hits
    from trackscape.data import Tracks as Tracks
    from trackscape.data import Truth as Truth
    from trackscape.display import draw_frame as draw_frame
    from trackscape.display import write_html as write_html
    from trackscape.errors import TrackscapeError as TrackscapeError
    from trackscape.evaluation import evaluate_frames as evaluate_frames
    from trackscape.evaluation import read_frames as read_frames
    from trackscape.evaluation import summarise as summarise
    from trackscape.formats import inspect_file as inspect_file
    from trackscape.formats import read_hits as read_hits
    from trackscape.formats import write_hits as write_hits
    from trackscape.formats import write_tracks as write_tracks
    from trackscape.graph_construction import connect_layers as connect_layers
    from trackscape.graph_construction import split_frames as split_frames
    from trackscape.imaging import Image as Image
    from trackscape.imaging import make_image as make_image
    from trackscape.landscape import Problem as Problem
    from trackscape.scoring import Scorer as Scorer
    from trackscape.scoring import load_network as load_network
    from trackscape.scoring import save_network as save_network
    from trackscape.simulation import load_detector as load_detector
    from trackscape.simulation import make_setup as make_setup
    from trackscape.simulation import read_scan as read_scan
    from trackscape.simulation import simulate as simulate
    from trackscape.tracker_landscape import tracker_problem as tracker_problem
    from trackscape.tracking import accept as accept
    from trackscape.tracking import load_tracker as load_tracker
    from trackscape.tracking import network_tracker as network_tracker
    from trackscape.tracking import reconstruct as reconstruct
    from trackscape.training import TrainingConfig as TrainingConfig
    from trackscape.training import train as train

__version__ = "0.2.0"

_HOMES = {
    "assignment": ["Assigner"],
    "comparison": ["compare_files"],
    "data": ["Assignment", "EdgeScores", "HitGraph", "Hits", "Tracks", "Truth"],
    "display": ["draw_frame", "write_html"],
    "errors": ["TrackscapeError"],
    "evaluation": ["evaluate_frames", "read_frames", "summarise"],
    "formats": ["inspect_file", "read_hits", "write_hits", "write_tracks"],
    "graph_construction": ["connect_layers", "split_frames"],
    "imaging": ["Image", "make_image"],
    "landscape": ["Problem"],
    "scoring": ["Scorer", "load_network", "save_network"],
    "simulation": ["load_detector", "make_setup", "read_scan", "simulate"],
    "tracker_landscape": ["tracker_problem"],
    "tracking": ["accept", "load_tracker", "network_tracker", "reconstruct"],
    "training": ["TrainingConfig", "train"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
