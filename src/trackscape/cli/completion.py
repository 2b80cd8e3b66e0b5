"""Names that a shell completes. They are known without loading what they name."""

from collections.abc import Callable, Iterable
from pathlib import Path

import trackscape

NETWORKS = ("trackscape", "nine-constants", "line-graph-ptt", "line-graph-pat")
"""Methods with weights in the package, which have a landscape; `trackscape.scoring` has them."""
METHODS = (
    *NETWORKS,
    "line-graph-ptt-tuned-end",
    "track-follower",
    "kalman",
    "physics-assignment",
    "greedy",
)
"""All methods that find tracks; `trackscape.tracking` has them."""
LOSSES = (
    *("cross_entropy", "track_likelihood", "hamming_blackbox", "fenchel_young", "imle"),
    *("perturbed", "aimle", "lpgd", "hinge", "spo_plus", "sinkhorn", "identity"),
)
"""Objectives with a gradient; `trackscape.training` has them."""
REGIMES = (
    *("polluted", "marine", "dust", "biomass", "free_troposphere", "upper_troposphere"),
    *("polar", "continental", "coastal", "suburban", "savannah", "boreal"),
)
"""Kinds of air; `trackscape.emulation.m7` has them."""
PHANTOMS = ("none", "water:", "wedge", "ctp404", "line-pairs", "head")


def among(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Returns what completes one of some names; a shell completes files where none fits."""
    known = tuple(names)
    return lambda incomplete: [name for name in known if name.startswith(incomplete)]


def settings_of(*kinds: str) -> Callable[[str], list[str]]:
    """Returns what completes names of shipped settings, of some kinds such as ``cpu``, or all."""

    def complete(incomplete: str) -> list[str]:
        from trackscape.formats import shipped_settings

        names = shipped_settings()
        return [
            name
            for name in names
            if name.startswith(incomplete) and (not kinds or name.split("/")[0] in kinds)
        ]

    return complete


def detectors(incomplete: str) -> list[str]:
    """Completes names of shipped detectors."""
    folder = Path(trackscape.__file__).parent / "simulation" / "detectors"
    return among(sorted(path.stem for path in folder.glob("*.yaml")))(incomplete)
