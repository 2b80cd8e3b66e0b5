"""Files of an event of TrackML -> what is known of its hits."""

from pathlib import Path

import numpy as np

from trackscape.formats.event_tables import (
    Beside,
    EventHits,
    EventTable,
    HitOwners,
    plane_columns,
    planes_of,
    read_event_table,
    sum_cells,
)
from trackscape.formats.files import Budget
from trackscape.formats.tables import first_line

OWN_IDS = ("eventID", "trackID", "parentID")
"""Columns of particles that files of trackscape have beside those of TrackML."""


def read_trackml_event(path: Path, beside: Beside, spare: Budget) -> EventHits:
    """Reads hits, the sum of their cells, and their particles where there are files of them.

    Raises:
        FormatError: A file is damaged, or files do not fit together.
    """
    names = plane_columns(first_line(path)[1]) if path.stat().st_size else ("volume_id", "layer_id")
    hits = read_event_table(path, whole=("hit_id", *names), decimal=("x", "y", "z"), spare=spare)
    hits.check_unique("hit_id")
    return EventHits(
        position=hits.together("x", "y", "z"),
        energy=sum_cells(hits, beside.get("cells"), "hit_id", spare),
        plane=planes_of(hits),
        particles=_particles(hits, beside, spare),
    )


def _particles(hits: EventTable, beside: Beside, spare: Budget) -> HitOwners | None:
    path, kinds = beside.get("truth"), beside.get("particles")
    if path is None:
        return None
    truth = read_event_table(path, whole=("hit_id", "particle_id"), spare=spare)
    truth.check_unique("hit_id")
    particle = truth["particle_id"][hits.places("hit_id", truth)]
    nobody = particle == 0
    known = np.unique(particle[~nobody])
    number = np.where(nobody, -1, np.searchsorted(known, particle))
    if kinds is None:
        return HitOwners(number, len(known))
    table = read_event_table(
        kinds, whole=("particle_id",), optional=("particle_type", *OWN_IDS), spare=spare
    )
    table.check_unique("particle_id")
    named = EventTable(path, {"particle_id": particle[~nobody]})
    place = named.places("particle_id", table)

    def of_hits(column: str, nothing: int) -> np.ndarray:
        values = np.full(len(hits), nothing, dtype=np.int64)
        values[~nobody] = table[column][place]
        return values

    pdg = of_hits("particle_type", 0) if "particle_type" in table else None
    own = all(name in table for name in OWN_IDS)
    ids = tuple(of_hits(name, -1) for name in OWN_IDS) if own else None
    return HitOwners(number, len(known), pdg, ids)
