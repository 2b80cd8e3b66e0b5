"""Training files -> their first events, to train on, and the last ones, to choose scales with."""

import hashlib
import json
from pathlib import Path

from studies.estimators.config import StudyConfig
from trackscape.data import Hits
from trackscape.errors import DataError, RunError
from trackscape.files import write_json
from trackscape.formats import kind_to_read, read_hits, reading, write_hits


def kept_name(name: str) -> str:
    """Returns the name of the file with the events of a training file that are trained on."""
    return str(Path(name).with_suffix(".npz"))


def held_out_name(name: str) -> str:
    """Returns the name of the file with the events of a training file that are held out."""
    return str(Path(name).with_suffix("")) + "_held_out.npz"


def split_files(study: StudyConfig, *, data: Path, runs: Path) -> Path:
    """Writes both parts of all training files, unless they are there.

    Arguments:
        study: Names the files and the share of their events that is held out.
        data: Folder of the files.
        runs: The parts go to the folder ``files`` in there.

    Returns:
        This folder. The names of the parts are `kept_name` and `held_out_name`.

    Raises:
        FormatError: If a file is missing or damaged.
        DataError: If a file has too few events for a frame in both parts.
        RunError: If the runs there are of other files, or of other parts of them.
    """
    folder = runs / "files"
    _check_same_origin(study, data=data, path=folder / "origin.json")
    for name in study.training:
        # The second part is written last: where it is, the first one is, too.
        if not (folder / held_out_name(name)).exists():
            first, last = _split(data / name, per_frame=study.per_frame, held_out=study.held_out)
            write_hits(first, folder / kept_name(name))
            write_hits(last, folder / held_out_name(name))
    return folder


def _check_same_origin(study: StudyConfig, *, data: Path, path: Path) -> None:
    origin: dict[str, object] = {"per_frame": study.per_frame, "held_out": study.held_out}
    origin |= {name: _digest(data / name) for name in (*study.training, *study.judged)}
    if not path.exists():
        write_json(path, origin)
    elif json.loads(path.read_text(encoding="utf-8")) != origin:
        raise RunError(
            f"{path}: the runs beside it are of other files, or of other parts of them, so going "
            f"on with those of {data} would mix two studies. Restore them, or choose another "
            "--runs."
        )


def _digest(path: Path) -> str:
    kind_to_read(path)
    with reading(path), path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _split(path: Path, *, per_frame: int, held_out: float) -> tuple[Hits, Hits]:
    """Cuts between two frames, so that both parts have the frames of the whole file."""
    hits = read_hits(path)
    hits = hits.select(hits.known_truth.event >= 0)  # noise of no event is in no frame
    event = hits.known_truth.event
    events = event.unique()
    frames = len(events) // per_frame
    kept = round((1 - held_out) * frames)
    if not 0 < kept < frames:
        raise DataError(
            f"{path}: expected enough events to hold out {held_out:g} of them, got {len(events)}, "
            f"or {frames} frames. Use a larger file or a smaller number of protons per frame."
        )
    early = event < events[kept * per_frame]
    return hits.select(early), hits.select(~early)
