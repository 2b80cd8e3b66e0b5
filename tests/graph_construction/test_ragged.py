"""Ranges of integers against a list comprehension."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.graph_construction.line_graph import expand_ranges


@given(ranges=st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 4)), max_size=8))
def test_expanded_ranges_are_those_of_python(ranges: list[tuple[int, int]]):
    start, length = torch.tensor(ranges, dtype=torch.int64).view(-1, 2).T
    owner, index = expand_ranges(start, length)
    assert owner.tolist() == [n for n, (_, size) in enumerate(ranges) for _ in range(size)]
    assert index.tolist() == [i for first, size in ranges for i in range(first, first + size)]
