"""Chunks cover what is left, once, and are as long as a second of work."""

from hypothesis import given
from hypothesis import strategies as st

from trackscape.landscape.execution.chunks import Chunks


@given(
    lengths=st.lists(st.integers(0, 50), max_size=5),
    seconds=st.lists(st.floats(0, 10), min_size=1, max_size=9),
)
def test_whatever_the_time_each_item_is_handed_out_once_and_in_order(lengths, seconds):
    left = [range(100 * number, 100 * number + length) for number, length in enumerate(lengths)]
    chunks, found, turn = Chunks(left), [], 0
    while chunks:
        chunk = chunks.take()
        assert len(chunk) > 0
        found += chunk
        chunks.learn(chunk, seconds[turn % len(seconds)])
        turn += 1
    assert found == [item for span in left for item in span]


def test_chunks_come_to_a_second_and_no_faster_than_eightfold():
    chunks, lengths = Chunks([range(10**6)]), []
    for _ in range(6):
        chunk = chunks.take()
        lengths.append(len(chunk))
        chunks.learn(chunk, 0.01 * len(chunk))
    assert lengths == [1, 8, 64, 100, 100, 100]


def test_items_that_take_longer_go_one_by_one():
    chunks = Chunks([range(3)])
    chunks.learn(chunks.take(), 60.0)
    assert chunks.take() == range(1, 2)
