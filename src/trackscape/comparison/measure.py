"""A hit file, and the table of its primaries -> numbers and samples to compare with another's."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trackscape.comparison import statistics
from trackscape.comparison.quantities import GRAPH_SIZES, MAX_FRAMES, PER_FRAME, QUANTILES, Key
from trackscape.comparison.statistics import Measurement, Numbers, Sample, Values
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
from trackscape.simulation import layer_depths
from trackscape.units import keV, mrad

NEEDED = ("out_ekin", "out_dx", "out_dy", "out_dz")  # columns of a table of primaries
AT_LAYERS = ("ekin_layer0", "ekin_layer1", "ekin_layer2")  # columns that such a table may have
Found = Iterator[tuple[Key, Measurement | Sample]]


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredFile:
    """Numbers of one file, and the values behind them, in the units of `QUANTITIES`."""

    path: Path
    primaries: int
    """Number of primaries, those without hits included."""
    hits: int
    layer_z: dict[int, float]
    """Mean z of the hits of each layer, in mm."""
    measurements: dict[Key, Measurement]
    samples: dict[Key, Sample]
    truth: Path | None
    """Table of primaries, if there is one."""
    provenance: dict[str, Any] | None


def measure_file(
    path: Path,
    *,
    primaries: int | None = None,
    truth: Path | None = None,
    max_bytes: int | None = None,
) -> MeasuredFile:
    """Reads a hit file and measures everything that is compared; see `compare_files`."""
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
    measured += [] if table is None else measure_truth(table)
    return MeasuredFile(
        path=path,
        primaries=primaries,
        hits=len(hits),
        layer_z=layer_depths(hits.layer.numpy(), hits.position[:, 2].double().numpy()),
        measurements={key: found for key, found in measured if isinstance(found, Measurement)},
        samples={key: found for key, found in measured if isinstance(found, Sample)},
        truth=truth,
        provenance=read_provenance(path),
    )


def _layered(hits: Hits, event: Numbers) -> Found:
    """Yields quantiles and widths, in each layer and in all, and the values behind them."""
    layer = hits.layer.numpy()
    deposit = ("energy deposit", hits.energy.double().numpy() / keV, layer, event)
    for name, column, where, event_of in (deposit, *_angles(hits, event)):
        for at, values, events in _parts(column, where, event_of):
            yield Key(name, "", at), statistics.sample(values, event=events)
            for statistic, share in QUANTILES.items():
                yield Key(name, statistic, at), statistics.quantile(values, share, event=events)
    name, position = "lateral position", hits.relative_position[:, :2].double().numpy()
    for at, values, events in _parts(position, layer, event):
        yield Key(name, "68 % half-width", at), statistics.half_width(values, event=events)
        for axis, column in zip("xy", values.T, strict=True):
            yield Key(name, axis, at), statistics.sample(column, event=events)


def _parts(
    values: Values, layer: Numbers, event: Numbers
) -> Iterator[tuple[int | None, Values, Numbers]]:
    """Yields number, values and events of each layer; then those of all layers, as None."""
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
    """Yields hits per primary and shares of secondaries."""
    yield Key("hits per primary", "mean"), statistics.per_primary(event, primaries=primaries)
    layer, truth = hits.layer.numpy(), hits.known_truth
    for number in np.unique(layer).tolist():
        key = Key("hits in the layer", "mean", number)
        yield key, statistics.per_primary(event[layer == number], primaries=primaries)
    secondary = ~truth.primary.numpy()
    yield Key("non-primary hits", "share"), statistics.share(secondary, event=event).scaled(100)
    if truth.pdg is not None:
        code = truth.pdg.numpy()
        kinds = {name: code == number for number, name in PARTICLES.items()}
        kinds["others"] = ~np.isin(code, list(PARTICLES))
        for name, flag in kinds.items():
            key = Key("non-primary by particle", name)
            yield key, statistics.share(secondary & flag, event=event).scaled(100)


def _depths(hits: Hits, event: Numbers, *, primaries: int) -> Found:
    """Yields the last layer of each primary that left a hit, and the size of clusters."""
    primary = hits.known_truth.primary.numpy()
    last = np.full(int(event[-1]) + 1, -1)
    np.maximum.at(last, event[primary], hits.layer.numpy()[primary])
    depth = last[last >= 0]
    if len(depth):
        yield Key("stopping depth", "median"), statistics.grouped_median(depth)
        yield Key("stopping depth"), Sample(depth.astype(float), len(depth))
    for layer in np.unique(depth).tolist():
        stops = statistics.per_primary(np.arange(np.sum(depth == layer)), primaries=primaries)
        yield Key("stops in the layer", "mean", layer), stops.scaled(100)
    size = cluster_size(hits.energy).double().numpy()
    yield Key("cluster size", "mean"), statistics.mean(size, event=event)
    yield Key("cluster size"), statistics.sample(size, event=event)


def _graphs(hits: Hits, event: Numbers) -> Found:
    """Yields the mean sizes over frames of 50, 100 and 150 primaries, where there are two."""
    for per_frame in PER_FRAME:
        if event[-1] + 1 < 2 * per_frame:
            continue
        some = hits.select(torch.from_numpy(event < MAX_FRAMES * per_frame))
        frames = split_frames(some, per_frame=per_frame)
        sizes = np.array([graph_sizes(connect_layers(frame)) for frame in frames])
        for name, column in zip(GRAPH_SIZES, sizes.T, strict=True):
            error = float(column.std(ddof=1)) / len(column) ** 0.5
            found = Measurement(float(column.mean()), error, len(column))
            yield Key(name, f"{per_frame} p+/F"), found


def graph_sizes(graph: HitGraph) -> tuple[int, int, int]:
    """Numbers of hits, of edges, and of edges of the line graph, which is not built for it."""
    downstream, upstream = graph.edge_index
    n_edges = torch.bincount(downstream, minlength=len(graph.hits))
    return len(graph.hits), graph.n_edges, 2 * int(n_edges[upstream].sum())


def read_truth(path: Path, *, max_bytes: int | None = None) -> np.ndarray:
    """Reads a table of primaries, which is not empty; see `read_primaries`."""
    table = read_primaries(path, NEEDED, optional=AT_LAYERS, max_bytes=max_bytes)
    if len(table) == 0:
        raise FormatError(
            f"{path}: expected rows of primaries, but every row is missing; name another table."
        )
    return table


def measure_truth(table: np.ndarray) -> Found:
    """Yields survival, energy and exit angle behind the phantom, and energies at layers."""
    behind = table["out_ekin"] > 0
    yield Key("survival"), statistics.share(behind).scaled(100)
    energy, *across, along = (table[name][behind].astype(float) for name in NEEDED)
    angle = np.stack([np.arctan2(side, along) for side in across], axis=1) / mrad
    if len(energy) > 0:
        yield Key("energy behind"), Sample(energy, len(energy))
        for axis, column in zip("xy", angle.T, strict=True):
            yield Key("exit angle", axis), Sample(column, len(column))
    if len(energy) < 2:  # no error can be estimated
        return
    centre, spread = statistics.central_mean_and_spread(energy)
    yield Key("energy behind", "median"), statistics.quantile(energy, 0.5)
    yield Key("energy behind", "95 % mean"), centre
    yield Key("energy spread behind", "68 % half-width"), statistics.half_width(energy[:, None])
    yield Key("energy spread behind", "95 % rms"), spread
    yield Key("exit angle", "68 % half-width"), statistics.half_width(angle)
    widths = [statistics.half_width(column[:, None]).value for column in angle.T]
    beyond = np.abs(angle - np.median(angle, axis=0)) > 3 * np.array(widths)
    yield Key("exit angle tail", "share"), statistics.share(np.logical_or(*beyond.T)).scaled(100)
    for layer, name in enumerate(AT_LAYERS):
        if name in (table.dtype.names or ()):
            energy = table[name][table[name] > 0].astype(float)
            if len(energy) > 1:
                yield Key("energy at layer", "median", layer), statistics.quantile(energy, 0.5)


def _number_events(hits: Hits) -> Numbers:
    """Number of the event of each merged hit, from 0; they are ordered by spot and event."""
    spot, event = spot_number(hits), hits.known_truth.event
    new = torch.ones_like(event)
    new[1:] = (spot.diff() != 0) | (event.diff() != 0)
    return new.cumsum(0).numpy() - 1


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
