"""Files of events of TrackML or ACTS -> `FileColumns`, one readout frame for each event.

The layers are numbered over all events: a layer that one of them has no hit in keeps its number.
"""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.acts import read_simulated_hits, read_space_points
from trackscape.formats.columns import FileColumns
from trackscape.formats.event_names import EventFiles, find_event_files
from trackscape.formats.event_tables import EventHits, plane_columns, planes_of, read_event_table
from trackscape.formats.files import ALWAYS, NEVER, RATIO, Budget
from trackscape.formats.layers import GAP, THICKEST_PLANE
from trackscape.formats.tables import first_line
from trackscape.formats.trackml import read_trackml_event

_READERS = {
    "trackml": read_trackml_event,
    "simhits": read_simulated_hits,
    "spacepoints": read_space_points,
}
_Plane = tuple[int, int]
_Extent = tuple[float, float]
_UNKNOWN = (
    "deposits are unknown, as there are no files of cells, and stand as 0 MeV: frames drop hits "
    "without one, the cut on the last deposit of a track refuses every track, and all methods but "
    "greedy, track-follower and kalman use deposits"
)
_NAMES = {  # where the values come from, in words of these files
    "x": "x",
    "y": "y",
    "z": "z",
    "energy": "value",
    "layer": "volume and layer",
    "frame": "number of the event",
    "event": "particle_id",
    "track": "(track)",
    "parent": "(parent)",
    "pdg": "particle_type",
}
_SIMULATED = {"x": "tx", "y": "ty", "z": "tz", "energy": "deltae"}


def read_events(path: Path, max_bytes: int | None = None) -> FileColumns:
    """Reads all events of a folder, or that of a file.

    Raises:
        FormatError: A file is damaged, files do not fit together, or layers are no planes.
    """
    files = _found(path)
    parts = list(event_chunks(files, max_bytes=max_bytes))
    values = {
        meaning: np.concatenate([part.values[meaning] for part in parts])
        for meaning in parts[0].values
    }
    return FileColumns(values, parts[0].names, (), parts[0].notes)


def stream_events(path: Path) -> Iterator[FileColumns]:
    """Gives the columns of one event after the other, for frames of tracks.

    Raises:
        FormatError: As `read_events`, or deposits are unknown, without which frames have no hits.
    """
    files = _found(path)
    if files.kind != "simhits" and files.part("cells") is None:
        raise FormatError(
            f"{path}: expected deposits of the hits in files of cells, but there are none, and "
            "frames drop hits without a deposit; add event...-cells.csv for each event."
        )
    return event_chunks(files, max_bytes=2**62)  # memory does not grow with the files


def event_chunks(files: EventFiles, *, max_bytes: int | None) -> Iterator[FileColumns]:
    """Gives the columns of each event; see `read_events`."""
    spare = _budget(files, max_bytes)
    layers, own = _number_layers(files, spare)
    notes, particles, meanings = files.notes, 0, None
    parts = {name: files.part(name) for name in ("cells", "truth", "particles")}
    for number, path in files.hits.items():
        beside = {name: part[number] for name, part in parts.items() if part is not None}
        event = _READERS[files.kind](path, beside, spare)
        if not own:
            notes = (*files.notes, *_notes(files, event))
        values = _columns(event, number, layers, first=particles)
        if values.keys() != (meanings := meanings or values.keys()):
            raise FormatError(
                f"{files.path}: expected the same columns for all events, but those of event "
                f"{number} are others than before; write all events alike."
            )
        particles += 0 if event.particles is None else event.particles.count
        known = _NAMES | (_SIMULATED if files.kind == "simhits" else {})
        yield FileColumns(values, {meaning: known[meaning] for meaning in values}, (), notes)


def _found(path: Path) -> EventFiles:
    files = find_event_files(path)
    if files is None:
        raise FormatError(f"{path}: expected files of events, but there are none; check the path.")
    return files


def _budget(files: EventFiles, max_bytes: int | None) -> Budget:
    size = sum(path.stat().st_size for path in files.all_files())
    usual = min(max(RATIO * size, ALWAYS), NEVER)
    advice = "if you trust them, allow more with --max-bytes (in Python: max_bytes)"
    return Budget(files.path, usual if max_bytes is None else max_bytes, advice)


def _columns(
    event: EventHits, number: int, layers: Mapping[_Plane, int] | None, *, first: int
) -> dict[str, np.ndarray]:
    rows = len(event.position)
    x, y, z = event.position.T
    energy = np.zeros(rows) if event.energy is None else event.energy
    values = {"x": x, "y": y, "z": z, "energy": energy}
    if layers is not None:
        planes, index = np.unique(event.plane, axis=0, return_inverse=True)
        known = np.array([layers[volume, layer] for volume, layer in planes.tolist()], np.int64)
        values["layer"] = known[index.reshape(-1)] if rows else np.zeros(0, np.int64)
    values["frame"] = np.full(rows, number, dtype=np.int64)
    particles = event.particles
    if particles is None:
        return values
    if particles.ids is not None:
        values |= dict(zip(("event", "track", "parent"), particles.ids, strict=True))
    else:  # each particle is a primary of its own; what is nobody's is noise
        nobody = particles.number < 0
        values["event"] = np.where(nobody, -1, first + particles.number)
        values["track"] = np.where(nobody, -1, 1)
        values["parent"] = np.where(nobody, -1, 0)
    return values if particles.pdg is None else values | {"pdg": particles.pdg}


def _notes(files: EventFiles, event: EventHits) -> Iterator[str]:
    if event.energy is None:
        yield _UNKNOWN
    elif files.kind == "simhits":
        yield "deposits are the energy that particles lost at a surface, -deltae"
    else:
        yield (
            "deposits are sums of the values of cells, which have no unit there, taken as MeV: "
            "cuts and networks depend on that"
        )
    if event.particles is not None and event.particles.ids is None:
        yield "each particle counts as a primary, as the files do not say whose child it is"


def _number_layers(files: EventFiles, spare: Budget) -> tuple[dict[_Plane, int] | None, bool]:
    """Returns the layer of each (volume, layer), and whether the files are those of trackscape.

    None where all hits have the same: then planes in z are the layers.
    """
    extents: dict[_Plane, _Extent] = {}
    for path in files.hits.values():
        for plane, (low, high) in _extents(path, files.kind, spare).items():
            before = extents.get(plane, (low, high))
            extents[plane] = min(low, before[0]), max(high, before[1])
    if extents and all(volume == 0 for volume, _ in extents):
        return {plane: plane[1] for plane in extents}, True
    if len(extents) == 1:
        return None, False
    for (volume, layer), (low, high) in extents.items():
        _check_thickness(f"layer {layer} of volume {volume} is", low, high, path=files.path)
    return _in_order(extents, path=files.path), False


def _extents(path: Path, kind: str, spare: Budget) -> dict[_Plane, _Extent]:
    """Returns smallest and largest z in mm of each (volume, layer) of an event."""
    names = first_line(path)[1] if path.stat().st_size else []
    ids = plane_columns(names) if kind == "trackml" else ("geometry_id",)
    z = "tz" if kind == "simhits" else "z"
    table = read_event_table(path, whole=ids, decimal=(z,), spare=spare)
    if len(table) == 0:
        return {}
    planes, index = np.unique(planes_of(table), axis=0, return_inverse=True)
    order = np.argsort(index.reshape(-1), kind="stable")
    start = np.searchsorted(index.reshape(-1)[order], np.arange(len(planes)))
    low, high = (reduce.reduceat(table[z][order], start) for reduce in (np.minimum, np.maximum))
    return {
        (volume, layer): extent
        for (volume, layer), extent in zip(
            planes.tolist(), zip(low.tolist(), high.tolist(), strict=True), strict=True
        )
    }


def _in_order(extents: Mapping[_Plane, _Extent], *, path: Path) -> dict[_Plane, int]:
    """Numbers planes by z; what lies in one plane is one layer."""
    order = sorted(extents, key=extents.__getitem__)
    layers = {order[0]: 0} if order else {}
    low, high = extents[order[0]] if order else (0.0, 0.0)
    for before, plane in itertools.pairwise(order):
        begin, end = extents[plane]
        new = begin - high > GAP
        layers[plane] = layers[before] + new
        low, high = (begin, end) if new else (low, max(high, end))
        _check_thickness("hits of several layers are", low, high, path=path)
    return layers


def _check_thickness(what: str, low: float, high: float, *, path: Path) -> None:
    if high - low > THICKEST_PLANE:
        raise FormatError(
            f"{path}: expected layers that are planes across z, {THICKEST_PLANE:g} mm thick or "
            f"less, but {what} between z = {low:.3f} and {high:.3f} mm; barrels and staggered "
            "modules, such as those of the detector of TrackML, are not supported: select layers "
            "that are planes."
        )
