"""Tables of other libraries against plain loops."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from trackscape.data import Hits, Tracks, Truth
from trackscape.formats import write_tracks

NAMES = {"posX": "x", "posY": "y", "posZ": "z"}


def make_hits(*, known: bool) -> Hits:
    generator = torch.Generator().manual_seed(3)
    hits = Hits(
        position=torch.randn(7, 3, generator=generator),
        energy=torch.rand(7, generator=generator),
        layer=torch.tensor([0, 0, 1, 1, 2, 2, 3]),
    )
    if not known:
        return hits
    number = torch.arange(7)
    truth = Truth(event=number + 10, track=number + 1, parent=number % 2, pdg=number + 2000)
    spot = torch.randn(7, 2, generator=generator)
    return dataclasses.replace(hits, truth=truth, spot=spot, frame=number // 3)


def make_tracks(*, known: bool = True) -> Tracks:
    """Hits 1, 2 and 5 are a track, hits 0, 3, 4 and 6 another one."""
    index, offset = torch.tensor([1, 2, 5, 0, 3, 4, 6]), torch.tensor([0, 3, 7])
    return Tracks(hits=make_hits(known=known), index=index, offset=offset)


def row_of(hits: Hits, hit: int) -> dict[str, float]:
    x, y, z = hits.position[hit].tolist()
    row = {"posX": x, "posY": y, "posZ": z, "edep": hits.energy[hit].item()}
    row["layer"] = hits.layer[hit].item()
    if hits.truth is not None and hits.spot is not None and hits.frame is not None:
        truth = {name: getattr(hits.truth, name)[hit].item() for name in ("event", "track")}
        row |= {f"{name}ID": value for name, value in truth.items()}
        row |= {"parentID": hits.truth.parent[hit].item(), "pdg": hits.truth.pdg[hit].item()}
        row["spotX"], row["spotY"] = hits.spot[hit].tolist()
        row["frameID"] = hits.frame[hit].item()
    return row


def rows_of(tracks: Tracks) -> list[dict[str, float]]:
    return [
        {"track": number, "step": step, "hit": hit} | row_of(tracks.hits, hit)
        for number in range(len(tracks))
        for step, hit in enumerate(tracks[number].tolist())
    ]


@pytest.mark.parametrize("known", [True, False])
def test_arrow_tables_are_those_of_loops(known):
    tracks = make_tracks(known=known)
    assert tracks.to_arrow().to_pylist() == rows_of(tracks)
    hits = tracks.hits
    assert hits.to_arrow().to_pylist() == [row_of(hits, hit) for hit in range(len(hits))]


@pytest.mark.parametrize("known", [True, False])
def test_data_frames_are_those_of_loops(known):
    pytest.importorskip("pandas")
    tracks = make_tracks(known=known)
    frame = tracks.to_pandas()
    assert frame.to_dict("records") == rows_of(tracks)
    assert frame.dtypes["posX"] == np.float32
    assert frame.dtypes["track"] == frame.dtypes["layer"] == np.int64
    hits = tracks.hits
    assert hits.to_pandas().to_dict("records") == [row_of(hits, hit) for hit in range(len(hits))]


@pytest.mark.parametrize("known", [True, False])
def test_records_of_tracks_are_those_of_loops(known):
    awkward = pytest.importorskip("awkward")
    tracks = make_tracks(known=known)
    array = tracks.to_awkward()
    expected = [
        {
            "length": len(chain),
            "hits": [
                {"hit": hit}
                | {NAMES.get(name, name): value for name, value in row_of(tracks.hits, hit).items()}
                for hit in chain.tolist()
            ],
        }
        for chain in tracks
    ]
    assert array.to_list() == expected
    deposits = [math.fsum(hit["edep"] for hit in track["hits"]) for track in expected]
    assert awkward.sum(array.hits.edep, axis=1).to_list() == pytest.approx(deposits, rel=1e-6)


@pytest.mark.parametrize("known", [True, False])
def test_nothing_makes_empty_tables_with_the_same_columns(known):
    awkward = pytest.importorskip("awkward")
    tracks = make_tracks(known=known)
    none = tracks.select(torch.zeros(2, dtype=torch.bool))
    assert none.to_arrow().schema == tracks.to_arrow().schema
    assert none.to_arrow().num_rows == 0
    assert len(none.to_awkward()) == 0
    assert none.to_awkward().hits.fields == tracks.to_awkward().hits.fields
    assert awkward.sum(none.to_awkward().hits.edep, axis=None) == 0


def test_gradients_and_other_types_do_not_hinder():
    hits = make_hits(known=False)
    position = hits.position.double().requires_grad_()
    table = dataclasses.replace(hits, position=position).to_arrow()
    assert table.column("posX").to_pylist() == position[:, 0].tolist()


def test_the_columns_are_those_of_the_file(tmp_path):
    pandas = pytest.importorskip("pandas")
    tracks = make_tracks()
    write_tracks([(0, tracks)], tmp_path / "tracks.parquet")
    written = pandas.read_parquet(tmp_path / "tracks.parquet")
    common = [name for name in written.columns if name != "frame"]
    pandas.testing.assert_frame_equal(written[common], tracks.to_pandas()[common])
