"""Records come back as they were, and any beginning of a file is a beginning of its records."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trackscape.landscape.execution.records import RecordFile, encode, read_records

WIDTH = 2
Record = tuple[int, np.ndarray]

doubles = st.floats(width=64, allow_nan=True, allow_infinity=True)
record = st.tuples(
    st.integers(0, 2**40),
    st.integers(0, 4).flatmap(lambda n: arrays.arrays(np.float64, (n, WIDTH), elements=doubles)),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("records") / "rows.bin"


def read(path: Path, content: bytes, width: int = WIDTH) -> list[tuple[range, np.ndarray]]:
    path.write_bytes(content)
    with path.open("rb") as file:
        return list(read_records(file, width))


def agree(found: Sequence[tuple[range, np.ndarray]], expected: Sequence[Record]) -> bool:
    return [(chunk, rows.tobytes()) for chunk, rows in found] == [
        (range(begin, begin + len(rows)), rows.tobytes()) for begin, rows in expected
    ]


@given(records=st.lists(record, max_size=5))
def test_records_come_back_to_the_last_bit(path, records):
    assert agree(read(path, b"".join(encode(*each) for each in records)), records)


@given(records=st.lists(record, min_size=1, max_size=4), data=st.data())
def test_any_truncation_leaves_whole_records_from_the_first_on(path, records, data):
    encoded = [encode(*each) for each in records]
    content = b"".join(encoded)
    length = data.draw(st.integers(0, len(content)))
    whole = int(np.searchsorted(np.cumsum([len(each) for each in encoded]), length, side="right"))
    assert agree(read(path, content[:length]), records[:whole])


@given(records=st.lists(record, min_size=1, max_size=4), data=st.data())
def test_nothing_is_read_from_a_damaged_record_on(path, records, data):
    encoded = [encode(*each) for each in records]
    content = bytearray(b"".join(encoded))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    whole = int(np.searchsorted(np.cumsum([len(each) for each in encoded]), place, side="right"))
    assert agree(read(path, bytes(content)), records[:whole])


def test_records_of_another_width_are_not_read(path):
    assert read(path, encode(0, np.zeros((2, 3)))) == []


def test_a_torn_end_is_cut_before_more_is_added(path):
    first, second = np.ones((2, WIDTH)), np.full((1, WIDTH), np.nan)
    path.write_bytes(encode(0, first) + encode(2, second)[:-1])
    with path.open("r+b", buffering=0) as file:
        records = RecordFile(file, WIDTH)
        assert agree(records.found, [(0, first)])
        records.append(range(2, 3), second)
    assert path.read_bytes() == encode(0, first) + encode(2, second)
