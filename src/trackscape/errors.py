"""Every error and warning of the library.

A message says, in one sentence, what was expected, what came and what to do. The command line
prints that of a `TrackscapeError` without a traceback and exits with status 2.
"""

from trackscape.text import shown

LONGEST_MESSAGE = 10_000
"""Characters of a message; the rest of a longer one is left out."""


class TrackscapeError(Exception):
    """Base of all errors that a user can cause and mend; its message is one line of plain text."""

    def __init__(self, message: str = "") -> None:
        super().__init__(shown(message, limit=LONGEST_MESSAGE))


class FormatError(TrackscapeError):
    """A file does not hold what it should: wrong kind, damaged, missing or impossible values."""


class DataError(TrackscapeError):
    """Hits, graphs or tracks that do not fit together."""


class ConfigError(TrackscapeError):
    """A setting that is unknown, misspelt or out of range."""


class WeightsError(TrackscapeError):
    """Weights that do not belong to the network that they are loaded into."""


class AssignmentError(TrackscapeError):
    """An assignment problem that is ill-posed or has no solution."""


class RunError(TrackscapeError):
    """A run folder that does not fit the run that should continue in it."""


class LandscapeError(TrackscapeError):
    """A model, direction or run of which no landscape can be made."""


class MissingPackageError(TrackscapeError):
    """An optional feature that needs a package of an extra, which is not installed."""


class LandscapeWarning(UserWarning):
    """A landscape that is likely not the one that was meant."""


def from_interrupt(error: BaseException) -> bool:
    """Whether an error is Ctrl-C, or what other code made of it on the way.

    A compiled function that is entered at that moment raises a SystemError instead, Lightning and
    rich exit; each names the interrupt as its cause or context.
    """
    link: BaseException | None = error
    while link is not None and not isinstance(link, KeyboardInterrupt):
        link = link.__cause__ or link.__context__
    return link is not None
