"""Rows that are marked are there, to the last bit, whatever was written around them, and when."""

import os
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trackscape.execution.store import Store

WIDTH, MOST = 3, 12
ABOUT: dict[str, object] = {"fingerprint": "of what is computed"}
doubles = st.floats(width=64, allow_nan=True, allow_infinity=True)
tables = arrays.arrays(np.float64, (MOST, WIDTH), elements=doubles)
blocks = st.lists(st.tuples(st.integers(0, MOST - 1), st.integers(1, 5)), max_size=8)


class Killed(BaseException):
    """The process is gone: nothing runs after it."""


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory):
    return lambda: tmp_path_factory.mktemp("store") / "work"


def spans(drawn):
    return [range(begin, min(begin + length, MOST)) for begin, length in drawn]


def missing(drawn):
    return sorted(set(range(MOST)).difference(*spans(drawn)))


def there(store):
    return [item for item in range(MOST) if store.has(range(item, item + 1))]


@settings(max_examples=40)  # each waits for the disk
@given(table=tables, drawn=blocks, shared=st.booleans())
def test_any_subset_in_any_order_and_then_the_rest_gives_the_same_bytes(
    new_folder, table, drawn, shared
):
    folder = new_folder()
    store = Store(folder, ABOUT, WIDTH, shared=shared)
    for block in spans(drawn):
        store.put(block, table[block.start : block.stop])
    store.close()
    store = Store(folder, ABOUT, WIDTH, shared=shared)
    assert there(store) == sorted(set(range(MOST)).difference(missing(drawn)))
    for item in missing(drawn):
        store.put(range(item, item + 1), table[item : item + 1])
    store.close()
    assert (folder / "rows.f64").read_bytes() == table.astype("<f8").tobytes()
    assert (folder / "done.u8").read_bytes() == b"\1" * MOST


@settings(max_examples=40)
@given(table=tables, drawn=blocks, calls=st.integers(0, 40), taken=st.integers(0, 40))
def test_whatever_is_marked_when_the_process_is_killed_is_there(
    new_folder, table, drawn, calls, taken
):
    """Killed in the midst of any write, of which a part may have come to the file."""
    folder, left, write = new_folder(), iter(range(calls)), os.pwrite

    def dying(file, content, place):
        if next(left, None) is None:
            write(file, content[:taken], place)
            raise Killed
        return write(file, content[:17], place)  # a part of it, as the system may decide

    store = Store(folder, ABOUT, WIDTH, shared=True)
    try:
        with mock.patch.object(os, "pwrite", dying):
            for block in spans(drawn):
                store.put(block, table[block.start : block.stop])
    except Killed:
        pass
    again = Store(folder, ABOUT, WIDTH)
    for item in there(again):
        found = again.read(range(item, item + 1))
        assert found.tobytes() == table[item : item + 1].astype("<f8").tobytes()
    for opened in (store, again):
        opened.close()


@given(table=tables, drawn=blocks, size=st.integers(0, 8 * WIDTH * MOST))
def test_rows_that_were_cut_off_are_not_done(new_folder, table, drawn, size):
    folder = new_folder()
    store = Store(folder, ABOUT, WIDTH)
    for block in spans(drawn):
        store.put(block, table[block.start : block.stop])
    store.close()
    whole = min(size, (folder / "rows.f64").stat().st_size) // (8 * WIDTH)
    os.truncate(folder / "rows.f64", min(size, (folder / "rows.f64").stat().st_size))
    store = Store(folder, ABOUT, WIDTH)
    expected = [item for item in range(whole) if item not in missing(drawn)]
    assert there(store) == expected
    store.close()
