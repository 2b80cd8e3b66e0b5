"""Functions that Lightning calls, made safe against what it reads into exceptions."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def never_exhausted(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Makes a `StopIteration` from within an error, as Python does in generators (PEP 479).

    Lightning, as any loop, takes it for the end of the frames or epochs, and stops without a word.

    Example:
        >>> @never_exhausted
        ... def first(items):
        ...     return next(iter(items))
        >>> first([])
        Traceback (most recent call last):
        RuntimeError: first raised StopIteration
    """

    @functools.wraps(function)
    def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except StopIteration as error:
            raise RuntimeError(f"{function.__qualname__} raised StopIteration") from error

    return call
