"""Numbers of events as stored -> numbers that no two events share.

Geant4 counts events anew in each run, and each job of a simulation counts them anew, too: the event
is (run, event, job). Two protons under one number would be merged into one, silently.
"""

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import SPOT
from trackscape.units import mm

_FAR = 1.0 * mm  # a primary leaves no two hits in one thin layer that are farther apart
_FEW = 0.01  # share of the events in which two primaries may be far apart for a file to be read

_Values = Mapping[str, np.ndarray]


def number_events(
    values: _Values, layer: np.ndarray, *, path: Path
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Numbers the events of a file, and marks noise.

    Numbers that are unique stay as they are. Where they start anew in each run (`runID`, or one
    tree for each run), or in the order of rows, as in files of several jobs that were merged, those
    of each run and job are counted on from those before.

    Rows with a negative event, track or parent are noise, nobody's hits: their parent is -1 and
    each has a negative track of its own; their event is -1 where it was negative.

    Returns:
        event, track and parent, (rows,) int64 each, and notes on what was done.

    Raises:
        FormatError: Events share a number and cannot be told apart.
    """
    event, track, parent = (values[name].copy() for name in ("event", "track", "parent"))
    noise = (event < 0) | (track < 0) | (parent < 0)
    track[noise] = -1 - np.arange(int(noise.sum()))
    parent[noise] = -1
    event[event < 0] = -1
    notes: list[str] = []
    if noise.any():
        notes.append(
            f"{int(noise.sum()):,} rows are noise (eventID, trackID or parentID below 0): nobody's "
            f"hits, of which {int((event < 0).sum()):,} belong to no event and to no frame"
        )
    numbered = np.flatnonzero(event >= 0)
    event[numbered], of_runs = _apart(event[numbered], _runs(values)[numbered], path=path)
    primaries = np.flatnonzero((parent == 0) & (event >= 0))
    event[numbered], of_jobs = _jobs(event, values, track, layer, primaries, numbered, path=path)
    return {"event": event, "track": track, "parent": parent}, (*notes, *of_runs, *of_jobs)


def _runs(values: _Values) -> np.ndarray:
    """Number of the run of each row, from 0; trees and beam spots count as runs."""
    run = np.zeros(len(values["event"]), dtype=np.int64)
    for name in ("run", "tree", *SPOT):
        if name in values:
            kinds, index = np.unique(values[name], return_inverse=True)
            run = np.unique(run * len(kinds) + index, return_inverse=True)[1]
    return run


def _apart(event: np.ndarray, run: np.ndarray, *, path: Path) -> tuple[np.ndarray, list[str]]:
    """Gives the events of different runs different numbers, where they share some."""
    runs = int(run.max(initial=0)) + 1
    if runs == 1 or _count(event, run) == len(np.unique(event)):
        return event, []
    note = (
        f"eventID starts anew in {runs:,} runs (runID, a tree or a beam spot for each): the event "
        "is (run, event), and those of each run are counted on from those before"
    )
    return _counted_on(event, run, path=path), [note]


def _count(event: np.ndarray, part: np.ndarray) -> int:
    """Number of different pairs."""
    order = np.lexsort((event, part))
    return 1 + int(((np.diff(event[order]) != 0) | (np.diff(part[order]) != 0)).sum())


def _counted_on(event: np.ndarray, part: np.ndarray, *, path: Path) -> np.ndarray:
    """Adds to the numbers of each part the numbers that all parts before it use up."""
    largest = np.zeros(int(part.max()) + 1, dtype=np.int64)
    np.maximum.at(largest, part, event)
    used = list(itertools.accumulate(1 + number for number in largest.tolist()))
    if used[-1] > 2**63:
        raise FormatError(
            f"{path}: expected numbers of events that can be counted on from run to run, but they "
            f"reach {int(event.max())}; number the events of each run from 0."
        )
    return event + np.array([0, *used[:-1]])[part]


def _jobs(
    event: np.ndarray,
    values: _Values,
    track: np.ndarray,
    layer: np.ndarray,
    primaries: np.ndarray,
    numbered: np.ndarray,
    *,
    path: Path,
) -> tuple[np.ndarray, list[str]]:
    """Tells jobs apart whose files were merged, where their events have the same numbers.

    A job starts where the numbers fall, if that puts two far primaries of one number into two jobs
    and tears no primary apart (as it would where the rows are ordered by layer).
    """
    before = event[numbered]

    def far(event: np.ndarray) -> int:
        return _far(event, values, track, layer, primaries)

    first = far(event)
    if first == 0:
        return before, []
    job = np.zeros_like(event)
    job[numbered] = np.cumsum(np.concatenate([[0], np.diff(before) < 0]))
    jobs = int(job.max()) + 1
    counted = event.copy()
    counted[numbered] = _counted_on(before, job[numbered], path=path)
    events = len(np.unique(event[primaries]))
    torn = _torn(event[primaries], job[primaries], layer[primaries])
    if jobs > 1 and not torn and (left := far(counted)) <= _FEW * events:
        return counted[numbered], [
            f"eventID starts anew {jobs - 1:,} times from row to row, as where the files of jobs "
            f"were merged, and {first - left:,} numbers stood for two primaries: the event is "
            "(run, event, job), and those of each job are counted on from those before"
        ]
    if first <= _FEW * events:
        return before, [
            f"{first:,} events have two hits of one primary more than {_FAR:g} mm apart in one "
            "layer: were files merged in which eventID is used twice?"
        ]
    raise FormatError(
        f"{path}: expected one primary under each number of an event, but {first:,} of {events:,} "
        f"events have hits of one more than {_FAR:g} mm apart in one layer, as where files of "
        "several jobs were merged and eventID is used twice; read the file of each job, or store "
        "runID."
    )


def _far(
    event: np.ndarray, values: _Values, track: np.ndarray, layer: np.ndarray, rows: np.ndarray
) -> int:
    """Number of events with two hits of one primary that are far apart in one layer."""
    keys = [layer[rows], track[rows], event[rows]]
    keys += [values[name][rows] for name in SPOT if "spot_y" in values]
    order = np.lexsort(keys)
    if len(order) == 0:
        return 0
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    start = np.flatnonzero(new)
    wide = np.zeros(len(start), dtype=bool)
    for name in ("x", "y"):
        along = values[name][rows][order]
        wide |= np.maximum.reduceat(along, start) - np.minimum.reduceat(along, start) > _FAR
    return len(np.unique(event[rows][order][start[wide]]))


def _torn(event: np.ndarray, job: np.ndarray, layer: np.ndarray) -> bool:
    """Whether jobs that share events share none of their layers: parts of one primary, not two."""
    pairs = _count(event, job)
    together = np.unique(np.stack([event, layer, job]), axis=1)[:2]
    places, jobs = np.unique(together, axis=1, return_counts=True)  # sorted by event, then layer
    start = np.unique(places[0], return_index=True)[1]
    return bool(np.maximum.reduceat(jobs, start).sum() < 0.9 * pairs)
