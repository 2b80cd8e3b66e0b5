"""`Hits`, `Tracks` -> tables of other libraries: arrow, pandas, awkward."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from trackscape.errors import MissingPackageError

if TYPE_CHECKING:
    from trackscape.data.hits import Hits
    from trackscape.data.tracks import Tracks

_Columns = Mapping[str, Tensor]


def hit_columns(hits: "Hits") -> dict[str, Tensor]:
    """Returns position in mm and deposit in MeV, and the truth where it is known."""
    x, y, z = hits.position.unbind(1)
    columns = {"posX": x, "posY": y, "posZ": z, "edep": hits.energy}
    if hits.truth is not None:
        columns["eventID"], columns["trackID"] = hits.truth.event, hits.truth.track
        columns["parentID"] = hits.truth.parent
    return columns


def optional_columns(hits: "Hits") -> dict[str, Tensor]:
    """Returns pdg, spotX and spotY in mm, and frameID, where hits have them."""
    columns: dict[str, Tensor] = {}
    if hits.truth is not None and hits.truth.pdg is not None:
        columns["pdg"] = hits.truth.pdg
    if hits.spot is not None:
        columns["spotX"], columns["spotY"] = hits.spot.unbind(1)
    if hits.frame is not None:
        columns["frameID"] = hits.frame
    return columns


def all_hit_columns(hits: "Hits") -> dict[str, Tensor]:
    """Returns everything that hits have, by the names of columns in files."""
    return hit_columns(hits) | {"layer": hits.layer} | optional_columns(hits)


def track_columns(tracks: "Tracks") -> dict[str, Tensor]:
    """Returns a row for each hit on a track: track and step in front of the hit's columns."""
    number = tracks.number
    step = number.new_ones(len(number)).cumsum(0) - 1 - tracks.offset[number]
    place = {"track": number, "step": step, "hit": tracks.index}
    return place | all_hit_columns(tracks.hits.select(tracks.index))


def to_arrow_table(columns: _Columns) -> Any:
    """Returns columns as a `pyarrow.Table`."""
    import pyarrow  # loads slowly

    return pyarrow.table({name: _array(column) for name, column in columns.items()})


def to_data_frame(columns: _Columns) -> Any:
    """Returns columns as a `pandas.DataFrame`."""
    pandas = _package("pandas", what="A data frame")
    return pandas.DataFrame({name: _array(column) for name, column in columns.items()})


def to_records(tracks: "Tracks") -> Any:
    """Returns tracks as an `awkward.Array` of records; see `Tracks.to_awkward`."""
    awkward = _package("awkward", what="An awkward array")
    columns = track_columns(tracks)
    names = {"posX": "x", "posY": "y", "posZ": "z"}
    fields = {
        names.get(name, name): awkward.contents.NumpyArray(_array(column))
        for name, column in columns.items()
        if name not in ("track", "step")
    }
    hits = awkward.contents.RecordArray([*fields.values()], [*fields], len(tracks.index))
    offsets = awkward.index.Index64(_array(tracks.offset))
    lists = awkward.contents.ListOffsetArray(offsets, hits)
    length = awkward.contents.NumpyArray(_array(tracks.length))
    return awkward.Array(awkward.contents.RecordArray([length, lists], ["length", "hits"]))


def _array(column: Tensor) -> Any:
    return column.detach().cpu().contiguous().numpy()


def _package(name: str, *, what: str) -> Any:
    try:
        return importlib.import_module(name)  # an optional extra
    except ImportError as error:
        raise MissingPackageError(
            f"{what} needs the package {name}, which is not installed; run `pip install {name}`."
        ) from error
