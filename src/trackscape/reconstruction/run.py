"""Files of hits -> tables of tracks, or what they are worth, by any number of processes."""

import contextlib
import dataclasses
import functools
import itertools
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import torch

import trackscape
from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.evaluation import Summary
from trackscape.evaluation.evaluate import check_primaries, summarise_frames
from trackscape.execution import Workers
from trackscape.files import as_plain, write_json
from trackscape.formats.event_names import TRACKML
from trackscape.formats.write import join_tables
from trackscape.formats.write_trackml import join_event_folders
from trackscape.imaging.track_table import join_track_tables
from trackscape.progress import progress_bar
from trackscape.reconstruction.cutting import FrameRule
from trackscape.reconstruction.evaluation import MeasureTracks, read_measured
from trackscape.reconstruction.files import count_rows, describe_files
from trackscape.reconstruction.keep import Work, run_parts
from trackscape.reconstruction.parts import Parts, Skipped
from trackscape.reconstruction.tracks import RANGES, TRACKS, FindTracks, each_frame
from trackscape.simulation import layer_depths
from trackscape.tracking import Acceptance

SUMMARY = "summary.json"
_FEW = 2  # parts that are not worth the start of processes


@dataclasses.dataclass(frozen=True)
class Input:
    """What is reconstructed."""

    paths: list[Path]
    """Files of hits; see `find_files`."""
    rule: FrameRule
    """What makes a readout frame."""
    strict: bool = False
    """Whether damaged frames and files are an error; else they are left out, and listed."""
    max_bytes: int | None = None
    """What a file may unpack to that has to be read whole."""

    def parts(self) -> Parts:
        """Returns what reads the files."""
        return Parts(self.paths, self.rule, strict=self.strict, max_bytes=self.max_bytes)

    @functools.cached_property
    def first_frames(self) -> list[Hits]:
        """Returns the frames that come first, to see what the hits are of."""
        with contextlib.closing(iter(self.parts())) as parts:
            found, skipped = each_frame(next(parts), lambda hits: hits, strict=self.strict)
        if not found:
            raise DataError(skipped[0].reason)
        return [hits for _, hits in found]

    def depths(self) -> dict[int, float]:
        """Returns the mean z in mm of the hits in each layer of the first frames."""
        hits = self.first_frames
        layer = torch.cat([each.layer for each in hits])
        z = torch.cat([each.position[:, 2] for each in hits])
        return layer_depths(layer.numpy(), z.double().numpy())


class Outcome(NamedTuple):
    """What became of the frames."""

    frames: int
    """Frames that were used."""
    acceptance: Acceptance
    """Chains that were found, and why some are no tracks."""
    left_over: int
    """Events in no frame: the last of a beam spot, too few for one."""
    skipped: list[Skipped]
    """What was left out, as it is damaged or too large."""


def reconstruct_files(
    given: Input,
    work: FindTracks,
    output: Path,
    *,
    executor: Workers | None = None,
    progress: bool = True,
) -> Outcome:
    """Writes the tracks of files of hits.

    The bytes do not depend on who computes. After an interruption of any kind the same call goes on
    from there.

    Arguments:
        given: Files, and what makes a frame.
        work: How tracks are found.
        output: A file (.parquet, .csv, .root or .npz), with NAME_ranges beside it; a folder
            NAME.trackml with the files of TrackML, and NAME_ranges.parquet; or else a folder of
            tables, which other programs read as one: ``tracks/*.parquet``, ``ranges/*.parquet``.
        executor: Who computes; other machines need a folder that they see, too. This process if
            None.
        progress: Whether to show a bar.

    Raises:
        FormatError: No file can be read, or, if `strict`, one is damaged; likewise DataError.
        RunError: The folder holds something else.
    """
    about = {"work": "tracks", **work.provenance}
    if output.suffix.lower() == TRACKML:
        work = dataclasses.replace(work, suffix=TRACKML)
    if not output.suffix:
        results, parts = _run(given, work, output, about, executor, progress=progress)
        outcome = _outcome(results, parts)
        write_json(output / SUMMARY, _as_dict(outcome))
        return outcome
    with _folder_beside(output) as folder:
        results, parts = _run(given, work, folder, about, executor, progress=progress)
        names = [f"{number:06d}.parquet" for number in range(parts.parts)]
        found = [(folder / TRACKS / name).with_suffix(work.suffix) for name in names]
        if work.calibration is not None:
            tables = [folder / RANGES / name for name in names]
            join_track_tables(tables, ranges_beside(output), provenance=work.provenance)
        else:  # one that is there is of earlier tracks
            ranges_beside(output).unlink(missing_ok=True)
        (join_event_folders if work.suffix == TRACKML else join_tables)(found, output)
    return _outcome(results, parts)


def ranges_beside(output: Path) -> Path:
    """Returns the name of the table with one row for each track, beside that of hits on tracks."""
    suffix = ".parquet" if output.suffix.lower() == TRACKML else output.suffix
    return output.with_name(f"{output.stem}_ranges{suffix}")


def evaluate_files(
    given: Input,
    work: MeasureTracks,
    *,
    method: str,
    about: dict[str, Any],
    output: Path | None = None,
    executor: Workers | None = None,
    progress: bool = True,
) -> tuple[Summary, Outcome]:
    """Returns what the tracks of files of hits with truth are worth; see `reconstruct_files`.

    Arguments:
        given: Files, and what makes a frame.
        work: How tracks are found.
        method: Name of that, for the summary.
        about: What else decides the numbers: anything that JSON can hold.
        output: JSON file for the summary, beside which finished parts wait until it is written.
        executor: Who computes; this process if None.
        progress: Whether to show a bar.

    Raises:
        DataError: The files have no truth, or no hit of a primary.
    """
    check_primaries(given.first_frames)
    about = {"work": "evaluation", **about}
    with contextlib.ExitStack() as stack:
        if output is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "parts"
        else:
            folder = stack.enter_context(_folder_beside(output))
        results, parts = _run(given, work, folder, about, executor, progress=progress)
        measured = read_measured(results)
        if not measured:
            raise DataError(f"Expected frames to evaluate. {_skipped(results, parts)[0]}")
        per_frame = given.rule.per_frame or 0
        summary = summarise_frames(measured, method=method, per_frame=per_frame)
        if output is not None:
            write_json(output, as_plain(summary.as_dict()))
    total = sum((each.acceptance for each in measured), Acceptance())
    skipped = _skipped(results, parts)
    return summary, Outcome(len(measured), total, parts.left_over, skipped)


def _run(
    given: Input,
    work: Work,
    folder: Path,
    about: dict[str, Any],
    executor: Workers | None,
    *,
    progress: bool,
) -> tuple[list[dict[str, Any]], Parts]:
    parts = given.parts()
    about = {
        "trackscape": trackscape.__version__,
        **about,
        "files": describe_files(given.paths),
        "frames": given.rule._asdict(),
    }
    total = count_rows(given.paths) if progress else None
    with (
        contextlib.closing(iter(parts)) as each,
        progress_bar("hits", total=total, show=progress) as advance,
    ):
        first = list(itertools.islice(each, _FEW + 1))
        results = run_parts(
            work,
            itertools.chain(first, each),
            folder,
            about=about,
            executor=executor if len(first) > _FEW else None,
            advance=lambda part: advance(int(part.frames.start[-1])),
        )
    return results, parts


@contextlib.contextmanager
def _folder_beside(output: Path) -> Generator[Path, None, None]:
    """Gives a folder for the parts of a file, which is gone when that is there."""
    folder = output.with_name(f".{output.name}.parts")
    yield folder
    shutil.rmtree(folder)


def _outcome(results: list[dict[str, Any]], parts: Parts) -> Outcome:
    names = [field.name for field in dataclasses.fields(Acceptance)]
    total = Acceptance(**{name: sum(each[name] for each in results) for name in names})
    frames = sum(each["frames"] for each in results)
    return Outcome(frames, total, parts.left_over, _skipped(results, parts))


def _skipped(results: list[dict[str, Any]], parts: Parts) -> list[Skipped]:
    return [*(Skipped(*each) for result in results for each in result["skipped"]), *parts.skipped]


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    return {
        "frames": outcome.frames,
        **dataclasses.asdict(outcome.acceptance),
        "left_over": outcome.left_over,
        "skipped": [each._asdict() for each in outcome.skipped],
    }
