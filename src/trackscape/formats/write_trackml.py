"""Hits and tracks of readout frames -> a folder of CSV files as TrackML has them.

    event000000000-hits.csv  -cells.csv  -truth.csv  -particles.csv ...  submission.csv

The layers of a frame are those of volume 0, which TrackML itself does not have.
"""

import contextlib
import os
import shutil
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from trackscape.errors import DataError, FormatError
from trackscape.files import replacing_folder
from trackscape.formats.event_names import is_event_file

if TYPE_CHECKING:
    from trackscape.data import Hits, Tracks

SUBMISSION = "submission.csv"
"""Track of each hit of all events; 0 where it has none."""
_BARE = arrow_csv.WriteOptions(include_header=False)
_TRACK_OF_HIT = pa.schema([(name, pa.int64()) for name in ("event_id", "hit_id", "track_id")])
_Columns = dict[str, np.ndarray]
_UNKNOWN = np.float32(np.nan)


class _Event(NamedTuple):
    number: int
    hits: "Hits"


def check_event_folder(path: Path) -> None:
    """Checks that a folder of events can be written to `path`.

    Raises:
        FormatError: A file is there, or a folder with other files than those of events.
    """
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise FormatError(f"{path}: expected a folder to write, but it is a file; name another.")
    for name in sorted(os.listdir(path)):
        if not is_event_file(name) and name != SUBMISSION:
            raise FormatError(
                f"{path}: expected a new folder or one of events, which is replaced, but {name} is "
                "there; name another folder."
            )


def write_hit_events(hits: "Hits", path: Path) -> None:
    """Writes an event for each number of a frame; hits without such numbers are event 0."""
    if hits.frame is None:
        _write_events([_Event(0, hits)], path)
        return
    numbers = hits.frame.unique().tolist()
    _write_events((_Event(each, hits.select(hits.frame == each)) for each in numbers), path)


def write_track_events(frames: "Iterable[tuple[int, Tracks]]", path: Path) -> None:
    """Writes hits and tracks of frames, and the submission of all of them.

    A frame has the number that its hits have; where they have none, that which it comes with.
    """
    with _new_folder(path) as folder, (folder / SUBMISSION).open("wb") as submission:
        submission.write(_header(_TRACK_OF_HIT.names))
        for number, tracks in frames:
            frame, rows = tracks.hits.frame, len(tracks.hits)
            own = [] if frame is None else frame.unique().tolist()
            event = _Event(own[0] if len(own) == 1 else number, tracks.hits)
            _write_event(event, folder)
            event_id, hit_id = np.full(rows, event.number), np.arange(1, rows + 1)
            columns = [event_id, hit_id, 1 + tracks.of_hit.cpu().numpy()]
            arrow_csv.write_csv(pa.table(columns, schema=_TRACK_OF_HIT), submission, _BARE)


def join_event_folders(folders: Sequence[Path], path: Path) -> None:
    """Moves the events of folders that `write_track_events` wrote into one.

    Raises:
        DataError: An event is in two of them.
    """
    with _new_folder(path) as folder, (folder / SUBMISSION).open("wb") as submission:
        for number, each in enumerate(folders):
            with (each / SUBMISSION).open("rb") as part:
                header = part.readline()
                submission.write(b"" if number else header)
                shutil.copyfileobj(part, submission)
            for file in sorted(each.iterdir()):
                if file.name != SUBMISSION:
                    _refuse_twice(folder / file.name)
                    shutil.copyfile(file, folder / file.name)


def _write_events(events: Iterable[_Event], path: Path) -> None:
    with _new_folder(path) as folder:
        for event in events:
            _write_event(event, folder)


@contextlib.contextmanager
def _new_folder(path: Path) -> Generator[Path, None, None]:
    check_event_folder(path)
    with replacing_folder(path) as folder:
        yield folder


def _write_event(event: _Event, folder: Path) -> None:
    if not 0 <= event.number < 10**18:
        raise DataError(
            f"Expected numbers of frames from 0 to 10^18 for names of events, got {event.number}."
        )
    begin = folder / f"event{event.number:09d}"
    _refuse_twice(begin.with_name(f"{begin.name}-hits.csv"))
    for name, columns in _tables(event.hits).items():
        with begin.with_name(f"{begin.name}-{name}.csv").open("wb") as file:
            file.write(_header(columns))
            arrow_csv.write_csv(pa.table(columns), file, _BARE)


def _header(names: Iterable[str]) -> bytes:
    # pyarrow puts names in quotes, which other readers of these files do not expect.
    return (",".join(names) + "\n").encode()


def _refuse_twice(file: Path) -> None:
    if file.exists():
        raise DataError(
            f"Expected frames of different numbers, but {file.name} comes twice; write the frames "
            "of each file apart."
        )


def _tables(hits: "Hits") -> dict[str, _Columns]:
    """Returns the files of an event by name."""
    rows = len(hits)
    hit_id, zero = np.arange(1, rows + 1), np.zeros(rows, dtype=np.int64)
    x, y, z = (np.ascontiguousarray(each) for each in hits.position.detach().cpu().numpy().T)
    layer = hits.layer.cpu().numpy()
    ids = {"volume_id": zero, "layer_id": layer, "module_id": zero}
    energy = hits.energy.detach().cpu().numpy()
    tables = {
        "hits": {"hit_id": hit_id, "x": x, "y": y, "z": z, **ids},
        "cells": {"hit_id": hit_id, "ch0": zero, "ch1": zero, "value": energy},
    }
    if hits.truth is None:
        return tables
    particle, particles = _particles(hits)
    owned = particle > 0
    momentum = dict.fromkeys(("tpx", "tpy", "tpz"), np.full(rows, _UNKNOWN))
    weight = owned / max(int(owned.sum()), 1)
    truth = {"hit_id": hit_id, "particle_id": particle, "tx": x, "ty": y, "tz": z}
    return tables | {"truth": truth | momentum | {"weight": weight}, "particles": particles}


def _particles(hits: "Hits") -> tuple[np.ndarray, _Columns]:
    """Returns the particle of each hit, from 1, 0 where it is of no event, and their columns."""
    truth = hits.known_truth
    keys = [truth.event, truth.track, truth.parent]
    keys += [] if truth.pdg is None else [truth.pdg]
    table = np.stack([key.cpu().numpy() for key in keys], axis=1)
    owned = table[:, 0] >= 0
    kinds, index, counts = np.unique(table[owned], axis=0, return_inverse=True, return_counts=True)
    particle = np.zeros(len(table), dtype=np.int64)
    particle[owned] = index.reshape(-1) + 1
    columns: _Columns = {"particle_id": np.arange(1, len(kinds) + 1)}
    if truth.pdg is not None:
        columns["particle_type"] = kinds[:, 3]
    unknown = np.full(len(kinds), _UNKNOWN)
    columns |= dict.fromkeys(("vx", "vy", "vz", "px", "py", "pz", "q"), unknown)
    columns["nhits"] = counts
    return particle, columns | {
        name: kinds[:, place] for place, name in enumerate(("eventID", "trackID", "parentID"))
    }
