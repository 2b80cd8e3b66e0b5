"""A hit file, and the table of its primaries -> numbers and samples to compare with another's."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trackscape.comparison.quantities import GRAPH_SIZES, MAX_FRAMES, PER_FRAME, QUANTILES, Key
from trackscape.comparison.statistics import (
    Measurement,
    Numbers,
    Sample,
    Values,
    central_mean_and_spread,
    grouped_median,
    half_width,
    mean,
    per_primary,
    quantile,
    share,
)
from trackscape.data import HitGraph, Hits
from trackscape.errors import DataError, FormatError
from trackscape.formats import PARTICLES, read_hits, read_primaries, read_provenance
from trackscape.graph_construction import (
    beam_angle,
    cluster_size,
    connect_layers,
    merge_deposits,
    split_frames,
)
from trackscape.graph_construction.frames import spot_number
from trackscape.graph_construction.line_graph import angle_between
from trackscape.units import keV, mrad

NEEDED = ("out_ekin", "out_dx", "out_dy", "out_dz")
"""Columns that a table of primaries must have."""
AT_LAYERS = ("ekin_layer0", "ekin_layer1", "ekin_layer2")
"""Energies at the first layers, where the table has such columns."""


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredFile:
    """What is compared of one file."""

    path: Path
    primaries: int
    """Number of primaries, those without hits included."""
    hits: int
    """Number of hits: rows of one event, track and layer together."""
    layer_z: dict[int, float]
    """Mean z of the hits of each layer, in mm."""
    measurements: dict[Key, Measurement]
    """Numbers with their errors, in the units of `QUANTITIES`."""
    samples: dict[Key, Sample]
    """Values behind the numbers, in the same units."""
    truth: Path | None
    """Table of primaries; None if there is none."""
    provenance: dict[str, Any] | None
    """Engine and settings that made the hits, where the file says so."""


def measure_file(
    path: Path,
    *,
    primaries: int | None = None,
    truth: Path | None = None,
    max_bytes: int | None = None,
) -> MeasuredFile:
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
    beside = path.with_name(f"{path.stem}_truth.npz")
    truth = truth or (beside if beside.exists() else None)
    table = None if truth is None else read_truth(truth, max_bytes=max_bytes)
    event = _number_events(hits)
    primaries = _count_primaries(hits, event, path=path, given=primaries, table=table)
    measured = [*_layered(hits, event), *_counts(hits, event, primaries=primaries)]
    measured += [*_depths(hits, event, primaries=primaries), *_graphs(hits, event)]
    if table is not None:
        measured += measure_truth(table)
    return MeasuredFile(
        path=path,
        primaries=primaries,
        hits=len(hits),
        layer_z=_layer_positions(hits),
        measurements={key: found for key, found in measured if isinstance(found, Measurement)},
        samples={key: found for key, found in measured if isinstance(found, Sample)},
        truth=truth,
        provenance=read_provenance(path),
    )


Found = Iterator[tuple[Key, Measurement | Sample]]


def _layered(hits: Hits, event: Numbers) -> Found:
    """Yields quantiles and widths, in each layer and in all, and the values behind them."""
    layer = hits.layer.numpy()
    energy = hits.energy.double().numpy() / keV
    quantities = (("energy deposit", energy, layer, event), *_angles(hits, event))
    for name, column, where, event_of in quantities:
        for at, values, events in _parts(column, where, event_of):
            yield Key(name, "", at), Sample(values, _count(events))
            for statistic, probability in QUANTILES.items():
                yield Key(name, statistic, at), quantile(values, probability, event=events)
    name, position = "lateral position", hits.relative_position[:, :2].double().numpy()
    for at, values, events in _parts(position, layer, event):
        yield Key(name, "68 % half-width", at), half_width(values, event=events)
        for axis, column in zip("xy", values.T, strict=True):
            yield Key(name, axis, at), Sample(column, _count(events))


def _parts(
    values: Values, layer: Numbers, event: Numbers
) -> Iterator[tuple[int | None, Values, Numbers]]:
    """Yields number, values and events of each layer; then None and those of all layers."""
    if len(layer) == 0:
        return
    order = np.argsort(layer, kind="stable")
    layers, start = np.unique(layer[order], return_index=True)
    for at, index in zip(layers.tolist(), np.split(order, start[1:]), strict=True):
        yield at, values[index], event[index]
    if len(layers) > 1:
        yield None, values, event


def _angles(hits: Hits, event: Numbers) -> Iterator[tuple[str, Values, Numbers, Numbers]]:
    """Yields the kinks of primaries in their middle layer, and the first segments in layer 1."""
    truth = hits.known_truth
    step = hits.position.double().diff(dim=0)
    same = (torch.from_numpy(np.diff(event)) == 0) & (truth.track.diff() == 0)
    joined = same & (hits.layer.diff() == 1) & truth.primary[1:]
    kink = (joined[1:] & joined[:-1]).nonzero()[:, 0]
    angle = angle_between(step[kink], step[kink + 1]).numpy() / mrad
    yield "kink angle", angle, hits.layer[kink + 1].numpy(), event[kink]
    first = (joined & (hits.layer[:-1] == 0)).nonzero()[:, 0]
    angle = beam_angle(step[first]).numpy() / mrad
    yield "first segment angle", angle, hits.layer[first + 1].numpy(), event[first]


def _counts(hits: Hits, event: Numbers, *, primaries: int) -> Found:
    """Yields hits per primary, shares of secondaries, and the size of clusters."""
    yield Key("hits per primary", "mean"), per_primary(event, primaries=primaries)
    layer, truth = hits.layer.numpy(), hits.known_truth
    for number in np.unique(layer).tolist():
        key = Key("hits in the layer", "mean", number)
        yield key, per_primary(event[layer == number], primaries=primaries)
    secondary = ~truth.primary.numpy()
    yield Key("non-primary hits", "share"), share(secondary, event=event).scaled(100)
    if truth.pdg is not None:
        code = truth.pdg.numpy()
        kinds = {name: code == number for number, name in PARTICLES.items()}
        kinds["others"] = ~np.isin(code, list(PARTICLES))
        for name, flag in kinds.items():
            key = Key("non-primary by particle", name)
            yield key, share(secondary & flag, event=event).scaled(100)


def _depths(hits: Hits, event: Numbers, *, primaries: int) -> Found:
    """Yields depths: the last layer of each event's primary that left a hit, whatever ended it."""
    primary = hits.known_truth.primary.numpy()
    last = np.full(int(event[-1]) + 1, -1)
    np.maximum.at(last, event[primary], hits.layer.numpy()[primary])
    depth = last[last >= 0]
    if len(depth):
        yield Key("stopping depth", "median"), grouped_median(depth)
        yield Key("stopping depth"), Sample(depth.astype(float), len(depth))
    for layer in np.unique(depth).tolist():
        stops = per_primary(np.arange(np.sum(depth == layer)), primaries=primaries)
        yield Key("stops in the layer", "mean", layer), stops.scaled(100)
    size = cluster_size(hits.energy).double().numpy()
    yield Key("cluster size", "mean"), mean(size, event=event)
    yield Key("cluster size"), Sample(size, _count(event))


def _graphs(hits: Hits, event: Numbers) -> Found:
    """Yields the mean sizes over frames of 50, 100 and 150 primaries, where there are two."""
    for per_frame in PER_FRAME:
        if int(event[-1]) + 1 < 2 * per_frame:
            continue
        some = hits.select(torch.from_numpy(event < MAX_FRAMES * per_frame))
        frames = split_frames(some, per_frame=per_frame)
        sizes = np.array([graph_sizes(connect_layers(frame)) for frame in frames])
        for name, column in zip(GRAPH_SIZES, sizes.T, strict=True):
            error = float(column.std(ddof=1)) / len(column) ** 0.5
            found = Measurement(float(column.mean()), error, len(column))
            yield Key(name, f"{per_frame} p+/F"), found


def graph_sizes(graph: HitGraph) -> tuple[int, int, int]:
    """Number of hits, of edges, and of edges of the line graph, which is not built for it."""
    downstream, upstream = graph.edge_index
    n_edges = torch.bincount(downstream, minlength=len(graph.hits))
    return len(graph.hits), graph.n_edges, 2 * int(n_edges[upstream].sum())


def read_truth(path: Path, *, max_bytes: int | None = None) -> np.ndarray:
    """Reads a table of primaries, a structured array (primaries,).

    Raises:
        FormatError: The file is absent, damaged or something else.
    """
    table = read_primaries(path, NEEDED, optional=AT_LAYERS, max_bytes=max_bytes)
    if len(table) == 0:
        raise FormatError(
            f"{path}: expected one row for each primary, but every row is missing; name the table "
            "that was written with the hits."
        )
    return table


def measure_truth(table: np.ndarray) -> Found:
    """Yields survival, energy and exit angle behind the phantom, and energies at layers.

    The figures of the survivors need two of them, their samples one.
    """
    behind = table["out_ekin"] > 0
    yield Key("survival"), share(behind, event=np.arange(len(table))).scaled(100)
    survivors = table[behind]
    event = np.arange(len(survivors))
    energy = survivors["out_ekin"].astype(float)
    along = survivors["out_dz"].astype(float)
    across = (survivors[name].astype(float) for name in ("out_dx", "out_dy"))
    angle = np.stack([np.arctan2(side, along) for side in across], axis=1) / mrad
    if len(survivors) > 0:
        yield Key("energy behind"), Sample(energy, len(energy))
        for axis, column in zip("xy", angle.T, strict=True):
            yield Key("exit angle", axis), Sample(column, len(column))
    if len(survivors) < 2:
        return
    centre, spread = central_mean_and_spread(energy)
    yield Key("energy behind", "median"), quantile(energy, 0.5, event=event)
    yield Key("energy behind", "95 % mean"), centre
    width = half_width(energy[:, None], event=event)
    yield Key("energy spread behind", "68 % half-width"), width
    yield Key("energy spread behind", "95 % rms"), spread
    yield Key("exit angle", "68 % half-width"), half_width(angle, event=event)
    widths = [half_width(column[:, None], event=event).value for column in angle.T]
    beyond: npt.NDArray[np.bool_] = np.abs(angle - np.median(angle, axis=0)) > 3 * np.array(widths)
    yield Key("exit angle tail", "share"), share(np.logical_or(*beyond.T), event=event).scaled(100)
    for layer, name in enumerate(AT_LAYERS):
        if name in (table.dtype.names or ()):
            energy = table[name][table[name] > 0].astype(float)
            if len(energy) > 1:
                median = quantile(energy, 0.5, event=np.arange(len(energy)))
                yield Key("energy at layer", "median", layer), median


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
