"""`Tracks` as a ragged array against plain lists."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits, Tracks
from trackscape.errors import DataError


def make_tracks(chains: list[list[int]], *, n_hits: int) -> Tracks:
    hits = Hits(
        position=torch.zeros(n_hits, 3), energy=torch.ones(n_hits), layer=torch.arange(n_hits)
    )
    index = torch.tensor([hit for chain in chains for hit in chain], dtype=torch.int64)
    offset = torch.tensor([0, *(len(chain) for chain in chains)]).cumsum(0)
    return Tracks(hits=hits, index=index, offset=offset)


@st.composite
def ragged(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    """Chains in which each of some hits comes at most once, none of them empty."""
    n_hits = draw(st.integers(0, 12))
    owner = draw(st.lists(st.integers(-1, 4), min_size=n_hits, max_size=n_hits))
    chains = [[hit for hit in range(n_hits) if owner[hit] == track] for track in range(5)]
    return [chain for chain in chains if chain], n_hits


@given(problem=ragged())
def test_ragged_properties_are_those_of_lists(problem: tuple[list[list[int]], int]):
    chains, n_hits = problem
    tracks = make_tracks(chains, n_hits=n_hits)
    assert len(tracks) == len(chains)
    assert [chain.tolist() for chain in tracks] == chains
    assert tracks.length.tolist() == [len(chain) for chain in chains]
    assert tracks.first.tolist() == [chain[0] for chain in chains]
    assert tracks.last.tolist() == [chain[-1] for chain in chains]
    assert tracks.number.tolist() == [n for n, chain in enumerate(chains) for _ in chain]
    owner = {hit: n for n, chain in enumerate(chains) for hit in chain}
    assert tracks.of_hit.tolist() == [owner.get(hit, -1) for hit in range(n_hits)]


@given(problem=ragged(), data=st.data())
def test_selected_tracks_are_those_of_the_list(
    problem: tuple[list[list[int]], int], data: st.DataObject
):
    chains, n_hits = problem
    keep = data.draw(st.lists(st.booleans(), min_size=len(chains), max_size=len(chains)))
    tracks = make_tracks(chains, n_hits=n_hits)
    chosen = tracks.select(torch.tensor(keep, dtype=torch.bool))
    assert [chain.tolist() for chain in chosen] == [
        chain for chain, kept in zip(chains, keep, strict=True) if kept
    ]
    assert chosen.hits is tracks.hits


def test_a_track_that_is_not_there_is_an_index_error():
    tracks = make_tracks([[0, 1], [2]], n_hits=3)
    with pytest.raises(IndexError):
        tracks[2]


def test_a_negative_number_counts_from_the_end_or_is_refused():
    tracks = make_tracks([[0, 1], [2]], n_hits=3)
    try:
        last = tracks[-1].tolist()
    except IndexError:
        return
    assert last == [2]


@pytest.mark.parametrize(
    ("index", "offset", "wanted"),
    [
        ([0, 3], [0, 2], "from 0 to 2 in Tracks.index, got 0 to 3"),
        ([0, -1], [0, 2], "got -1 to 0"),
        ([0, 1], [0, 1], "grow from 0 to 2"),
        ([0, 1], [1, 2], "grow from 0 to 2"),
        ([0, 1], [0, 2, 2], "Each track needs a hit"),
        ([0, 1], [0, 2, 1, 2], "Each track needs a hit"),
        ([], [], "grow from 0 to 0"),
        ([0.5], [0, 1], "int64"),
    ],
)
def test_tracks_that_do_not_fit_their_hits_are_refused(
    index: list[float], offset: list[int], wanted: str
):
    hits = Hits(position=torch.zeros(3, 3), energy=torch.ones(3), layer=torch.arange(3))
    numbers = torch.tensor(index) if index else torch.zeros(0, dtype=torch.int64)
    with pytest.raises(DataError, match=wanted):
        Tracks(hits=hits, index=numbers, offset=torch.tensor(offset, dtype=torch.int64))
