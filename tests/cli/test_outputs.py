"""What a verb writes is what the name of the file says, and what it cannot write is refused."""

import resource
from pathlib import Path

import pytest

from trackscape import samples

FRAME = (samples.VALIDATION, "--per-frame", 50, "--method", "greedy")
STARTS = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml", ".html": b"<!doctype html>"}
VERBS: dict[str, tuple[object, ...]] = {
    "display": ("display", *FRAME),
    "detector": ("detector",),
    "reconstruct": ("reconstruct", *FRAME),
    "simulate": ("simulate", "-n", 1),
}


def the_only_sentence(outcome, *, names: str) -> None:
    assert outcome.status == 2, outcome
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.strip().splitlines()) == 1
    assert names in outcome.err


@pytest.mark.parametrize("name", ["d.png", "d.pdf", "d.svg", "D.PDF"])
def test_pictures_are_of_the_format_that_their_suffix_says(trackscape, tmp_path, name):
    assert trackscape("detector", "-o", f"detector-{name}").status == 0
    outcome = trackscape("display", *FRAME, "-o", name)
    assert outcome.status == 0, outcome.err
    page = Path(name).with_suffix(".html").name
    assert outcome.out.splitlines()[2:] == [name, page]
    for path in (f"detector-{name}", name, page):
        start = STARTS[Path(path).suffix.lower()]
        assert (tmp_path / path).read_bytes().startswith(start)


def test_a_page_alone_is_written_once(trackscape, tmp_path):
    outcome = trackscape("display", *FRAME, "-o", "d.html")
    assert outcome.out.splitlines()[2:] == ["d.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["d.html"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["x.foo", "x", "folder.png", "file/x.png"])
def test_what_cannot_be_written_is_refused_before_any_work(
    trackscape, tmp_path, monkeypatch, verb, name
):
    def fail(*arguments: object, **options: object):
        raise AssertionError("work has begun")

    monkeypatch.setattr("trackscape.formats.read.recognise", fail)
    monkeypatch.setattr("trackscape.simulation.setup.detector.load_detector", fail)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    if (verb, name) == ("reconstruct", "x"):
        pytest.skip("a name without suffix is a folder")
    the_only_sentence(trackscape(*VERBS[verb], "-o", name), names=name)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.png", "file"}


def test_all_suffixes_of_simulate_are_refused_with_one_message(trackscape):
    errors = [trackscape("simulate", "-o", f"s.{kind}").err for kind in ("root", "csv", "parquet")]
    assert all("ends with .npz, but got" in error for error in errors)


DRAWN = [
    ("compare", samples.VALIDATION, samples.VALIDATION, "-o", "out"),
    *((*VERBS["display"], "-o", f"d.{kind}") for kind in ("png", "pdf", "svg", "html")),
    *((*VERBS["detector"], "-o", f"d.{kind}") for kind in ("png", "pdf", "svg")),
]


@pytest.mark.parametrize("arguments", DRAWN, ids=lambda parts: f"{parts[0]} {parts[-1]}")
def test_a_full_disk_ends_in_one_sentence_and_no_file_is_half_written(
    trackscape, tmp_path, arguments
):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        outcome = trackscape(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    the_only_sentence(outcome, names="make room")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
