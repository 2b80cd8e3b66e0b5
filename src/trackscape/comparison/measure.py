"""A hit file, and the truth beside it -> estimates and samples to compare with another file's."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trackscape.comparison.graphs import graph_estimates
from trackscape.comparison.quantities import QUANTILES, Key
from trackscape.comparison.statistics import (
    Estimate,
    Numbers,
    Sample,
    Values,
    grouped_median,
    half_width,
    mean,
    per_primary,
    quantile,
    share,
)
from trackscape.comparison.truth import (
    find_truth,
    read_truth,
    truth_estimates,
    truth_samples,
)
from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.formats import PARTICLES, read_hits, read_provenance
from trackscape.graph_construction import beam_angle, cluster_size, merge_deposits
from trackscape.graph_construction.frames import spot_number
from trackscape.graph_construction.line_graph import angle_between
from trackscape.units import keV, mrad


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """What is compared of one file."""

    path: Path
    primaries: int
    """Number of primaries, those without hits included."""
    hits: int
    """Number of hits: rows of one event, track and layer together."""
    layer_z: dict[int, float]
    """Mean z of the hits of each layer, in mm."""
    estimates: dict[Key, Estimate]
    """Numbers with their errors, in the units of `QUANTITIES`."""
    samples: dict[Key, Sample]
    """The values behind them."""
    truth: Path | None
    """Table of primaries; None if there is none."""
    provenance: dict[str, Any] | None
    """What made the hits, where the file says so."""


@dataclasses.dataclass(frozen=True, eq=False)
class Layered:
    """Values in layers. Axis: n values, ordered by layer."""

    quantity: str
    values: Values
    """(n,) or (n, 2)."""
    layer: Numbers
    """(n,)"""
    event: Numbers
    """(n,) Number of the event, from 0."""

    def parts(self) -> Iterator[tuple[int | None, Values, Numbers]]:
        """Yields layer, values and events of each layer; then None and those of all layers."""
        if len(self.layer) == 0:
            return
        order = np.argsort(self.layer, kind="stable")
        layers, start = np.unique(self.layer[order], return_index=True)
        for layer, index in zip(layers.tolist(), np.split(order, start[1:]), strict=True):
            yield layer, self.values[index], self.event[index]
        if len(layers) > 1:
            yield None, self.values, self.event


def measure(
    path: Path,
    *,
    primaries: int | None = None,
    truth: Path | None = None,
    max_bytes: int | None = None,
) -> Measured:
    """Reads a hit file and measures everything that is compared.

    Arguments:
        path: Hits with truth (event, track, parent).
        primaries: Number of simulated primaries. Default: the rows of the table of primaries, else
            the largest event number + 1 (the last primaries may have left no hit).
        truth: Table of primaries. Default: ``NAME_truth.npz`` beside ``NAME.npz``, if it is there.

        max_bytes: Bytes that a file may unpack to; by default as in `read_hits`.

    Raises:
        FormatError: A file cannot be read.
        DataError: The hits have no truth, or there are fewer primaries than events with hits.
    """
    hits = read_hits(path, max_bytes=max_bytes)
    if hits.truth is None:
        raise DataError(
            f"{path}: expected simulated hits with eventID, trackID and parentID, but they have "
            "none, and nothing can be counted per primary; compare simulated files."
        )
    # Noise of no event is left out; the rest of it counts as non-primary.
    hits = merge_deposits(hits.select(hits.truth.event >= 0))
    if len(hits) == 0:
        raise DataError(f"{path}: expected hits of events, but all rows are noise; name a file.")
    truth = truth or find_truth(path)
    table = None if truth is None else read_truth(truth, max_bytes=max_bytes)
    event = _number_events(hits)
    primaries = _count_primaries(hits, event, path=path, given=primaries, table=table)
    estimates, samples = _measure_hits(hits, event, primaries=primaries)
    if table is not None:
        estimates.update(truth_estimates(table))
        samples.update(truth_samples(table))
    return Measured(
        path=path,
        primaries=primaries,
        hits=len(hits),
        layer_z=_layer_positions(hits),
        estimates=estimates,
        samples=samples,
        truth=truth,
        provenance=read_provenance(path),
    )


def _measure_hits(
    hits: Hits, event: Numbers, *, primaries: int
) -> tuple[dict[Key, Estimate], dict[Key, Sample]]:
    estimates: dict[Key, Estimate] = {}
    samples: dict[Key, Sample] = {}
    for layered in (_energies(hits, event), *_angles(hits, event)):
        for layer, values, events in layered.parts():
            samples[Key(layered.quantity, "", layer)] = Sample(values, _count(events))
            for name, probability in QUANTILES.items():
                key = Key(layered.quantity, name, layer)
                estimates[key] = quantile(values, probability, event=events)
    for layer, values, events in _lateral(hits, event).parts():
        width = Key("lateral position", "68 % half-width", layer)
        estimates[width] = half_width(values, event=events)
        for axis, column in zip("xy", values.T, strict=True):
            samples[Key("lateral position", axis, layer)] = Sample(column, _count(events))
    estimates.update(_counts(hits, event, primaries=primaries))
    depth = _stopping_depth(hits, event)
    if len(depth):
        estimates[Key("stopping depth", "median")] = grouped_median(depth)
        samples[Key("stopping depth")] = Sample(depth.astype(float), len(depth))
    for layer in np.unique(depth).tolist():
        stops = per_primary(np.arange(np.sum(depth == layer)), primaries=primaries)
        estimates[Key("stops in the layer", "mean", layer)] = stops.scaled(100)
    size = cluster_size(hits.energy).double().numpy()
    estimates[Key("cluster size", "mean")] = mean(size, event=event)
    samples[Key("cluster size")] = Sample(size, _count(event))
    estimates.update(graph_estimates(hits, event=event))
    return estimates, samples


def _energies(hits: Hits, event: Numbers) -> Layered:
    energy = hits.energy.double().numpy() / keV
    return Layered("energy deposit", energy, hits.layer.numpy(), event)


def _lateral(hits: Hits, event: Numbers) -> Layered:
    position = hits.relative_position[:, :2].double().numpy()
    return Layered("lateral position", position, hits.layer.numpy(), event)


def _angles(hits: Hits, event: Numbers) -> Iterator[Layered]:
    """Yields the kinks of primaries in their middle layer, and the first segments in layer 1."""
    truth = hits.known_truth
    step = hits.position.double().diff(dim=0)
    same = (torch.from_numpy(np.diff(event)) == 0) & (truth.track.diff() == 0)
    joined = same & (hits.layer.diff() == 1) & truth.primary[1:]
    kink = (joined[1:] & joined[:-1]).nonzero()[:, 0]
    angle = angle_between(step[kink], step[kink + 1]).numpy() / mrad
    yield Layered("kink angle", angle, hits.layer[kink + 1].numpy(), event[kink])
    first = (joined & (hits.layer[:-1] == 0)).nonzero()[:, 0]
    angle = beam_angle(step[first]).numpy() / mrad
    yield Layered("first segment angle", angle, hits.layer[first + 1].numpy(), event[first])


def _counts(hits: Hits, event: Numbers, *, primaries: int) -> Iterator[tuple[Key, Estimate]]:
    yield Key("hits per primary", "mean"), per_primary(event, primaries=primaries)
    layer, truth = hits.layer.numpy(), hits.known_truth
    for number in np.unique(layer).tolist():
        key = Key("hits in the layer", "mean", number)
        yield key, per_primary(event[layer == number], primaries=primaries)
    secondary = ~truth.primary.numpy()
    yield Key("non-primary hits", "share"), share(secondary, event=event).scaled(100)
    if truth.pdg is None:
        return
    code = truth.pdg.numpy()
    kinds = {name: code == number for number, name in PARTICLES.items()}
    kinds["others"] = ~np.isin(code, list(PARTICLES))
    for name, flag in kinds.items():
        key = Key("non-primary by particle", name)
        yield key, share(secondary & flag, event=event).scaled(100)


def _stopping_depth(hits: Hits, event: Numbers) -> Numbers:
    """Last layer of the primary of each event that left a hit of it, whatever ended it."""
    primary = hits.known_truth.primary.numpy()
    last = np.full(int(event[-1]) + 1, -1)
    np.maximum.at(last, event[primary], hits.layer.numpy()[primary])
    return last[last >= 0]


def _number_events(hits: Hits) -> Numbers:
    """Number of the event of each hit, from 0; merged hits are ordered by spot and event."""
    spot, event = spot_number(hits), hits.known_truth.event
    new = torch.ones_like(event)
    new[1:] = (spot.diff() != 0) | (event.diff() != 0)
    return new.cumsum(0).numpy() - 1


def _count(event: Numbers) -> int:
    """Number of different events, of ordered ones."""
    return 1 + int(np.count_nonzero(np.diff(event)))


def _count_primaries(
    hits: Hits, event: Numbers, *, path: Path, given: int | None, table: np.ndarray | None
) -> int:
    seen = int(event[-1]) + 1
    if given is None and table is not None:
        given = len(table)
    if given is None:
        # Where numbers start anew in each beam spot, there are more events than numbers.
        return max(int(hits.known_truth.event.max()) + 1, seen)
    if given < seen:
        raise DataError(
            f"{path}: expected at least {seen} primaries, since so many events left hits, but "
            f"{given} are given; name the number, or the table of primaries, of this file."
        )
    return given


def _layer_positions(hits: Hits) -> dict[int, float]:
    layer = hits.layer.numpy()
    counts = np.bincount(layer)
    sums = np.bincount(layer, weights=hits.position[:, 2].double().numpy())
    return {number: float(sums[number] / n) for number, n in enumerate(counts) if n}
