"""Foreign text reaches people as one bounded line."""

import pickle
from pathlib import Path

import pytest

from trackscape.errors import FormatError, TrackscapeError
from trackscape.text import listed, shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("posX", "posX"),
        ("Größe µ 陽子 ²", "Größe µ 陽子 ²"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("one\ntwo\r\tthree\0", r"one\ntwo\r\tthree\x00"),
        ("a\u202eb\u200bc\ufeff\u2028", r"a\u202eb\u200bc\ufeff\u2028"),
        ("\x9b31m\xa0\U000e0041", r"\x9b31m\xa0\U000e0041"),
        ("\udcff", r"\udcff"),
        (b"pos\xffX", r"pos\xffX"),
        (("a\n", None), r"('a\n', None)"),
        (Path("a\nb"), r"a\nb"),
    ],
)
def test_foreign_text_is_one_line_that_no_terminal_obeys(text, seen):
    assert shown(text) == seen
    assert shown(shown(text)) == seen


def test_the_length_is_bounded_and_told():
    assert shown("x" * 100_000, limit=10) == "x" * 10 + "... (100,000 characters)"
    assert len(shown("\0" * 100_000)) < 2000
    assert shown("x" * 10, limit=10) == "x" * 10
    assert shown(Path("x" * 1000)) == "x" * 1000


def test_lists_are_bounded():
    assert listed(["a", "b\n", "c"], most=2) == r"a, b\n and 1 more"
    assert listed([]) == ""
    assert len(listed(["x" * 10_000] * 10_000)) < 3000


def test_messages_of_errors_are_one_line_and_survive_a_process():
    error = FormatError("a\x1b[2J\nb.npz: expected")
    assert str(error) == r"a\x1b[2J\nb.npz: expected"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert len(str(TrackscapeError("x" * 10**6))) < 11_000
