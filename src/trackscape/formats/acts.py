"""Files of an event, as the examples of ACTS write them -> what is known of its hits."""

from pathlib import Path

import numpy as np

from trackscape.formats.event_tables import (
    Beside,
    EventHits,
    HitOwners,
    planes_of,
    read_event_table,
    sum_cells,
)
from trackscape.formats.files import Budget
from trackscape.formats.tables import first_line
from trackscape.units import GeV


def read_space_points(path: Path, beside: Beside, spare: Budget) -> EventHits:
    """Reads measured space points of ACTS, and the sum of their cells where there are some."""
    points = read_event_table(
        path,
        whole=("measurement_id", "geometry_id"),
        decimal=("x", "y", "z"),
        spare=spare,
    )
    points.check_unique("measurement_id")
    return EventHits(
        position=points.together("x", "y", "z"),
        energy=sum_cells(points, beside.get("cells"), "measurement_id", spare),
        plane=planes_of(points),
    )


def read_simulated_hits(path: Path, beside: Beside, spare: Budget) -> EventHits:
    """Reads simulated hits of ACTS: deposits are what particles lost at the surface."""
    names = first_line(path)[1]
    # Newer versions give a particle five numbers in place of one.
    split = ("pv", "sv", "part", "gen", "subpart")
    keys = tuple(f"particle_id_{part}" for part in split)
    keys = keys if set(keys) <= set(names) else ("particle_id",)
    hits = read_event_table(
        path, whole=("geometry_id", *keys), decimal=("tx", "ty", "tz", "deltae"), spare=spare
    )
    kinds, index = np.unique(hits.together(*keys), axis=0, return_inverse=True)
    return EventHits(
        position=hits.together("tx", "ty", "tz"),
        energy=-hits["deltae"] * GeV,
        plane=planes_of(hits),
        particles=HitOwners(index.reshape(-1).astype(np.int64), len(kinds)),
    )
