"""What the process of a command needs: interrupts, threads, memory, and streams for any text."""

import codecs
import contextlib
import errno
import functools
import glob
import inspect
import io
import os
import re
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from trackscape.cli.output import Quiet, Verbose, speaking
from trackscape.errors import ConfigError, from_interrupt

Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Number of PyTorch threads. (default: OMP_NUM_THREADS, else 1, as tensors are small)",
    ),
]
_TYPE = re.compile(r" <[\w\[\]]+>$")  # what typer puts behind the name of an argument
_OUTPUTS = ("output", "json")  # options that name files to write
_PLAIN = {"²": "2", "±": "+-", "…": "...", "–": "-", "µ": "u", "×": "x", "→": "->", "•": "*"}


class _Verb(typer.core.TyperCommand):
    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Leaves out the braces around arguments that are needed."""
        pieces = super().collect_usage_pieces(ctx)
        return [piece.replace("{", "").replace("}", "") for piece in pieces]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Leaves out the types of Python behind the names of arguments."""
        write = formatter.write_dl

        def write_named(rows: list[tuple[str, str]], **layout: Any) -> None:
            write([(_TYPE.sub("", name), text) for name, text in rows], **layout)

        formatter.write_dl = write_named
        super().format_options(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Runs the verb as loud as the options before or after its name say."""
        asked = {
            name: ctx.params[name] or bool((ctx.obj or {}).get(name))
            for name in ("quiet", "verbose")
        }
        with speaking(**asked):
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Makes one sentence of a value that an option cannot take."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if type(error) is not typer.BadParameter:  # one that is missing, which usage shows
                raise
            raise ConfigError(error.format_message().replace("Value error, ", "")) from error


def add_verb(app: typer.Typer, verb: Callable[..., None], *, then: str) -> None:
    """Adds a function as a command, called like it without the suffix ``_verb``.

    Ctrl-C ends it with a sentence, "Interrupted." and `then`, and status 130. Every verb has the
    options --quiet and --verbose, behind its own.
    """

    @functools.wraps(verb)
    def run(*, quiet: bool, verbose: bool, **options: Any) -> None:
        try:  # as loud as `_Verb` has made it
            check_outputs(options)
            verb(**options)
        except (KeyboardInterrupt, Exception) as error:
            if not from_interrupt(error):
                raise
            print(f"Interrupted. {then}", file=sys.stderr)
            raise typer.Exit(130) from None

    parameters = list(inspect.signature(verb).parameters.values())
    for name, annotation in {"quiet": Quiet, "verbose": Verbose}.items():
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(name, kind, default=False, annotation=annotation))
    set_signature(run, parameters)
    app.command(verb.__name__.removesuffix("_verb"), cls=_Verb)(run)


def check_outputs(options: Mapping[str, Any]) -> None:
    """Refuses, before any work, an output that is one of the files that are read.

    Arguments:
        options: Values by name; all that are no output are looked at as files and patterns.

    Raises:
        ConfigError: As said; the input would be lost.
    """
    read = {name: value for name, value in options.items() if name not in _OUTPUTS}
    inputs = [path for value in read.values() for path in _files_of(value)]
    for output in (path for name in _OUTPUTS for path in _files_of(options.get(name))):
        if any(os.path.samefile(output, path) for path in inputs):
            raise ConfigError(
                f"{output}: expected another file than the one that is read, which it would "
                "replace; name another output."
            )


def _files_of(value: Any) -> list[str]:
    """Returns the files that are there of a path, a text, or a list of them."""
    several = value if isinstance(value, (list, tuple)) else [value]
    names = [
        str(each) for each in several if isinstance(each, (str, Path)) and "\0" not in str(each)
    ]
    found = [path for name in names for path in (glob.glob(name) or [name])]
    return [path for path in found if os.path.isfile(path)]


def set_signature(function: Callable[..., None], parameters: list[inspect.Parameter]) -> None:
    """Makes typer see these parameters, as options and arguments of a command."""
    function.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
    function.__annotations__ = {each.name: each.annotation for each in parameters}


def prepare(threads: int | None) -> None:
    """Sets the number of threads, and makes the process say when it compiles.

    Threads of OpenMP spin while they wait: with tensors as small as ours they gain little on an
    idle machine, and on a busy one they keep those from running that they wait for.
    """
    import torch

    from trackscape.compiled import announce_compilation

    if threads is not None or "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads or 1)
    announce_compilation()


def allow_every_text() -> None:
    """Makes the streams of output take any text, whatever their encoding can write.

    Signs become plain ones that mean the same, bytes of file names that are no text stay as they
    are, and everything else becomes an escape.
    """
    codecs.register_error("trackscape", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="trackscape")


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if 0xDC80 <= ord(sign) <= 0xDCFF:  # how Python keeps such a byte
        return bytes([ord(sign) - 0xDC00]), error.start + 1
    plain = _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode()
    return plain, error.start + 1


@contextlib.contextmanager
def whole_output() -> Generator[None]:
    """Ends the program where its output cannot be written; quietly if nobody reads it any more."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # as it is where the stream is closed
                sys.stdout.flush()  # what fails later, Python reports in words of its own
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left goes nowhere
        if error.errno == errno.EPIPE:
            sys.exit(1)
        reason = f"{error.strerror}; make room, or send it elsewhere"
        print(f"Error: expected a place for the output, but got {reason}.", file=sys.stderr)
        sys.exit(2)
