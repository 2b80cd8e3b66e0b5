"""`trackscape align`: hits without truth to displacements of the layers."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import HitFiles, ProtonsOfFrame, Window, option, written_file
from trackscape.cli.output import Json, publish, say
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.data import Hits
    from trackscape.reconstruction import Input


def align_verb(
    files: HitFiles,
    output: Annotated[Path, written_file(".yaml", ".yml", text="Alignment to write: yaml.")],
    per_frame: ProtonsOfFrame = None,
    window: Window = None,
    frames: Annotated[
        int, option("N", "Frames to take, from the first one on; all if there are less.", min=1)
    ] = 200,
    json: Json = None,
    threads: Threads = None,
) -> None:
    """Find out where the layers are, from tracks alone.

    Shifts and rotations of the layers in their planes, with standard errors. The hits need no
    truth; --per-frame makes frames of simulated ones.
    """
    from trackscape.alignment import evidence, fit_alignment, write_alignment
    from trackscape.progress import show_progress
    from trackscape.reconstruction import FrameRule, Input, find_files

    prepare(threads)
    rule = FrameRule(per_frame=per_frame, window=window)
    taken = _first_frames(Input(find_files(files), rule, strict=True), frames)
    found = fit_alignment(taken, progress=show_progress)
    write_alignment(found, output)
    before, after = evidence(taken), evidence(taken, found)
    content = {
        "frames": len(taken),
        "evidence_before": before,
        "evidence_after": after,
        "layers": [
            {
                "layer": layer,
                "depth": found.depth[layer],
                "fitted": found.fitted[layer],
                "shift": found.shift[layer],
                "shift_error": found.shift_error[layer],
                "rotation": found.rotation[layer],
                "rotation_error": found.rotation_error[layer],
            }
            for layer in range(found.n_layers)
        ],
    }

    def show() -> None:
        say(f"{shown(output)}: {found.fitted.sum()} layers from {len(taken)} frames.")
        print(f"Evidence for each hit: {before:.4f} before, {after:.4f} after.")
        if found.unfitted:
            say(f"Left at 0, as too few protons reach them: layers {_ranges(found.unfitted)}.")

    publish(content, json, show)


def _first_frames(given: "Input", number: int) -> "list[Hits]":
    found = list["Hits"]()
    with contextlib.closing(iter(given.parts())) as parts:
        for part in parts:
            found += part.hits()
            if len(found) >= number:
                break
    return found[:number]


def _ranges(layers: list[int]) -> str:
    """Numbers as ranges.

    Example:
        >>> _ranges([3, 5, 6, 7])
        '3, 5 to 7'
    """
    starts = [n for n in layers if n - 1 not in layers]
    ends = [n for n in layers if n + 1 not in layers]
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=True))
