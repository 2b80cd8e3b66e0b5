"""A file -> a report on what was understood of it."""

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.formats.columns import MEANINGS, SPOT
from trackscape.formats.primaries import PrimaryReport, inspect_primaries
from trackscape.formats.read import Recognised, read_provenance, recognise
from trackscape.text import listed, shown
from trackscape.units import keV

PARTICLES = {
    2212: "proton",
    2112: "neutron",
    22: "photon",
    11: "electron",
    -11: "positron",
    1000010020: "deuteron",
    1000010030: "triton",
    1000020030: "helium-3",
    1000020040: "alpha",
}
"""Names of the common codes of the Particle Data Group."""
_TOO_MUCH = 10.0  # MeV: of 230 MeV, five layers and more cannot have it each and often


@dataclasses.dataclass(frozen=True)
class LayerSummary:
    """The layers of a file that have hits, and the rule that numbers them."""

    count: int
    last: int
    """Largest layer number."""
    z_range: tuple[float, float]
    """Smallest and largest posZ in mm."""
    pitch: tuple[float, float, float] | None
    """Smallest, median and largest distance in mm of neighbouring layers; None if none are."""
    depths: dict[int, float]
    """Mean posZ of the hits in mm, by layer."""
    rule: str
    rejected: tuple[str, ...]
    """Rules that were tried before, and why they do not fit."""


@dataclasses.dataclass(frozen=True)
class TruthSummary:
    """What the simulation says about the hits of a file: rows of one event, track and layer."""

    hits: int
    primary_hits: int
    events: int
    """Number of events with hits."""
    events_without_primary: int
    """Number of events in which the primary left no hit."""
    hits_per_event: tuple[int, float, int]
    """Minimum, median and maximum of the hits of an event."""
    particles: dict[int, int] | None
    """Number of rows by particle code, most frequent first; None where there are no codes."""


@dataclasses.dataclass(frozen=True)
class HitReport:
    """What was recognised in a file of hits."""

    path: Path
    columns: dict[str, str]
    """Meaning of each column in words, by its name."""
    ignored: tuple[str, ...]
    """Names of the columns that were not used."""
    rows: int
    energy_range: tuple[float, float]
    """Smallest and largest energy deposit of a row in MeV."""
    layers: LayerSummary
    truth: TruthSummary | None
    """Events and particles of the simulation; None for measured data."""
    spots: int | None
    """Number of different beam spots; None where the file has none."""
    remarks: tuple[str, ...]
    """Remarks on what is missing or looks odd, and what follows from it."""
    provenance: dict[str, Any] | None
    """Program and settings that made the hits; None where the file does not say."""

    def render(self) -> str:
        """Returns the report as plain text, one fact a line."""
        columns = _aligned((shown(name), text) for name, text in self.columns.items())
        return "\n".join([shown(self.path), "", *columns, "", *_aligned(_facts(self))])


def inspect_file(path: Path | str, *, max_bytes: int | None = None) -> HitReport | PrimaryReport:
    """Reports what is understood of a file: of hits, or a table of primaries; see `read_hits`.

    Example:
        >>> from trackscape.samples import VALIDATION
        >>> "18,377" in inspect_file(VALIDATION).render()
        True
    """
    path = Path(path)
    return inspect_primaries(path, max_bytes=max_bytes) or inspect_hits(path, max_bytes=max_bytes)


def inspect_hits(path: Path | str, *, max_bytes: int | None = None) -> HitReport:
    """Reads a file as `read_hits` does and reports what was understood."""
    path = Path(path)
    found = recognise(path, max_bytes=max_bytes)
    energy, truth = found.columns.values["energy"], _summarise_truth(found)
    return HitReport(
        path=path,
        columns={name: MEANINGS[m].text for m, name in found.columns.names.items()},
        ignored=found.columns.ignored,
        rows=len(energy),
        energy_range=(float(energy.min()), float(energy.max())),
        layers=_summarise_layers(found),
        truth=truth,
        spots=_count_spots(found),
        remarks=found.notes + _remarks(found, truth),
        provenance=read_provenance(path),
    )


def _summarise_layers(found: Recognised) -> LayerSummary:
    z = found.columns.values["z"]
    layers, index, rows = np.unique(found.numbering.layer, return_inverse=True, return_counts=True)
    centre = np.bincount(index, weights=z) / rows
    pitch = np.diff(centre)[np.diff(layers) == 1]
    return LayerSummary(
        count=len(layers),
        last=int(layers[-1]),
        z_range=(float(z.min()), float(z.max())),
        pitch=_spread(pitch) if len(pitch) else None,
        depths=dict(zip(layers.tolist(), centre.tolist(), strict=True)),
        rule=found.numbering.rule,
        rejected=found.numbering.rejected,
    )


def _summarise_truth(found: Recognised) -> TruthSummary | None:
    if found.truth is None:
        return None
    particles = found.columns.values.get("pdg")
    known = found.truth["event"] >= 0  # noise belongs to no event
    layer, primary = found.numbering.layer[known], found.truth["parent"][known] == 0
    events, event = np.unique(found.truth["event"][known], return_inverse=True)
    tracks, track = np.unique(found.truth["track"][known], return_inverse=True)
    layers = int(layer.max(initial=0)) + 1
    row = (event * len(tracks) + track) * layers + layer
    merged = np.unique(row)
    per_event = np.bincount(merged // max(len(tracks) * layers, 1), minlength=1)
    low, middle, high = _spread(per_event)
    return TruthSummary(
        hits=len(merged),
        primary_hits=len(np.unique(row[primary])),
        events=len(events),
        events_without_primary=len(events) - len(np.unique(event[primary])),
        hits_per_event=(int(low), middle, int(high)),
        particles=None if particles is None else _count(particles),
    )


def _count_spots(found: Recognised) -> int | None:
    if not found.columns.has(SPOT):
        return None
    x, y = (found.columns.values[meaning] for meaning in SPOT)
    return len(np.unique(np.stack([x, y], axis=1), axis=0))


def _spread(values: np.ndarray) -> tuple[float, float, float]:
    return float(values.min()), float(np.median(values)), float(values.max())


def _count(values: np.ndarray) -> dict[int, int]:
    kinds, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return dict(zip(kinds[order].tolist(), counts[order].tolist(), strict=True))


def _remarks(found: Recognised, truth: TruthSummary | None) -> tuple[str, ...]:
    remarks: list[str] = []
    if truth is None:
        remarks.append(
            "no truth (eventID, trackID, parentID): no frames of so many protons can be made of "
            "it, and nothing trained or evaluated"
        )
    elif truth.particles is None:
        remarks.append("no particle codes (pdg): hits of electrons cannot be told apart")
    if truth is not None and truth.primary_hits == 0:
        remarks.append("no row has parentID 0: purity and efficiency count primaries only")
    middle = float(np.median(found.columns.values["energy"]))
    if middle > _TOO_MUCH:
        remarks.append(
            f"half of the rows deposit more than {middle:.3g} MeV, too much for a layer; if the "
            "file is in keV, divide its energies by 1000"
        )
    if not found.columns.has(SPOT):
        remarks.append("no beam spots (spotX, spotY): positions are taken relative to x = y = 0")
    return tuple(remarks)


def _facts(report: HitReport) -> Iterator[tuple[str, str]]:
    yield "rows", f"{report.rows:,}"
    if report.truth is not None:
        yield from _truth_facts(report.truth)
    yield from _layer_facts(report.layers)
    low, high = (energy / keV for energy in report.energy_range)
    yield "energy of a row", f"{low:.4g} to {high:.4g} keV"
    if report.spots is not None:
        yield "beam spots", f"{report.spots:,}"
    yield "ignored columns", listed(report.ignored) or "none"
    for name, value in itertools.islice((report.provenance or {}).items(), 100):
        text = value if isinstance(value, str) else json.dumps(value)
        yield "provenance", f"{shown(name)}: {shown(text, limit=10_000)}"
    for remark in report.remarks:
        yield "note", remark


def _truth_facts(truth: TruthSummary) -> Iterator[tuple[str, str]]:
    low, middle, high = truth.hits_per_event
    yield "hits", f"{truth.hits:,} (rows of one event, track and layer together)"
    yield "hits of primaries", f"{truth.primary_hits:,} (parentID 0)"
    yield "events", f"{truth.events:,}, {truth.events_without_primary:,} without a primary hit"
    yield "hits of an event", f"{low} to {high}, median {middle:g}"
    if truth.particles is not None:
        named = (f"{PARTICLES.get(code, code)} {n:,}" for code, n in truth.particles.items())
        yield "rows of particles", ", ".join(itertools.islice(named, 8))


def _layer_facts(layers: LayerSummary) -> Iterator[tuple[str, str]]:
    yield "layers with hits", f"{layers.count}, the last is number {layers.last}"
    yield "layer rule", layers.rule
    for reason in layers.rejected:
        yield "rule not used", reason
    yield "posZ", f"{layers.z_range[0]:.3f} to {layers.z_range[1]:.3f} mm"
    if layers.pitch is not None:
        low, middle, high = layers.pitch
        yield "pitch of layers", f"{low:.3f} to {high:.3f} mm, median {middle:.3f} mm"


def _aligned(pairs: Iterable[tuple[str, str]]) -> list[str]:
    pairs = list(pairs)
    width = max(len(left) for left, _ in pairs)
    return [f"  {left:<{width}}  {right}" for left, right in pairs]
