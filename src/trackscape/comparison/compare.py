"""Two hit files -> how far they agree: tables with verdicts, distances, a picture."""

import contextlib
from collections.abc import Generator
from pathlib import Path

import torch

from trackscape.comparison.figure import draw_comparison
from trackscape.comparison.measure import measure
from trackscape.comparison.page import markdown
from trackscape.comparison.rows import Comparison, compare_measured
from trackscape.comparison.table import write_gaps, write_rows
from trackscape.files import replacing
from trackscape.pictures import save_figure


def compare_files(
    a: Path,
    b: Path,
    *,
    truth_a: Path | None = None,
    truth_b: Path | None = None,
    primaries_a: int | None = None,
    primaries_b: int | None = None,
    max_bytes: int | None = None,
) -> Comparison:
    """Measures two hit files and compares them, layer by layer.

    Arguments:
        a: Hits with truth (event, track, parent): the reference.
        b: Hits to compare with it.
        truth_a: Table of the primaries of A; default: ``NAME_truth.npz`` beside it, if there.
        truth_b: The same for B.
        primaries_a: Number of primaries of A; see `measure` for the default.
        primaries_b: The same for B.
        max_bytes: Bytes that each file may unpack to; by default as in `read_hits`.

    Raises:
        FormatError: A file cannot be read.
        DataError: The hits have no truth, or there are fewer primaries than events with hits.
    """
    with _one_thread():
        first = measure(Path(a), primaries=primaries_a, truth=truth_a, max_bytes=max_bytes)
        second = measure(Path(b), primaries=primaries_b, truth=truth_b, max_bytes=max_bytes)
    return compare_measured(first, second)


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes ``comparison.{csv,md,png}`` and ``distances.csv`` to a folder, which is made."""
    write_rows(comparison.rows, folder / "comparison.csv")
    write_gaps(comparison.gaps, folder / "distances.csv")
    save_figure(draw_comparison(comparison), folder / "comparison.png", dpi=150)
    with replacing(folder / "comparison.md") as partial:
        partial.write_text(markdown(comparison), encoding="utf-8")


@contextlib.contextmanager
def _one_thread() -> Generator[None, None, None]:
    """Many small tensors: threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
