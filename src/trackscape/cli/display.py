"""`trackscape display`: tracks of frames to a picture and a page."""

import re
from pathlib import Path
from typing import Annotated

from trackscape.cli.opening import Opened, opening_frames
from trackscape.cli.options import option, written_file
from trackscape.cli.output import say
from trackscape.errors import ConfigError
from trackscape.pictures import PICTURES
from trackscape.text import shown


def _checked_numbers(frame: str) -> str:
    _numbers_of(frame)
    return frame


def _numbers_of(frame: str) -> range:
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", frame.strip(), re.ASCII)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise ConfigError(
            f"--frame: expected a number from 0 on, or two such as 0-9, got {shown(frame)}."
        )
    return range(first, last + 1)


@opening_frames
def display_verb(
    opened: Opened,
    output: Annotated[
        Path,
        written_file(
            *PICTURES,
            ".html",
            text="Picture to write (png, pdf, svg) with a page beside it, or the page (html).",
        ),
    ] = Path("frame.png"),
    frame: Annotated[
        str,
        option(
            "N|N-N",
            "Number of the frame, counted from 0, or of the first and the last of several, such as "
            "0-9.",
            callback=_checked_numbers,
        ),
    ] = "0",
) -> None:
    """Draw the tracks of one frame, or of several on one page.

    The page shows them in views to rotate, zoom and filter, and their numbers; it works offline. A
    picture is of the first frame.
    """
    from trackscape.display.frame import display_frames
    from trackscape.evaluation.evaluate import Tally
    from trackscape.tracking.acceptance import describe_acceptance

    tally, numbers = Tally(), _numbers_of(frame)
    written = display_frames(
        opened.path,
        opened.file.frames,
        per_frame=opened.per_frame,
        numbers=numbers,
        tracker=opened.tracker,
        method=opened.method,
        output=output,
        min_last_deposit=opened.cut.min_last_deposit,
        tally=tally,
    )
    say(str(opened.cut))
    which = f"Frame {frame}" if len(numbers) == 1 else f"Frames {numbers[0]} to {numbers[-1]}"
    say(f"{which}: {describe_acceptance(tally.total)}")
    for path in written:
        say(shown(path))
