"""Formulas that are written once, for numbers in machine code and for tensors with gradients.

A formula takes rows: one-dimensional arrays of numbers in machine code, which run cell by cell, and
lists of tensors, one element for each cell, in PyTorch. It writes what it finds into rows, too.
`where` evaluates both of its branches, so each must be finite, and so must its derivative.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba.extending
import numpy as np
import torch

Value = Any
"""A number in machine code, a tensor of cells in PyTorch."""
CellRows = Any
"""An array of numbers in machine code, a list of tensors in PyTorch."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
_numba: Any = numba.extending  # without types
_INLINED = {"forceinline": True, "error_model": "numpy"}


def formula(function: _Function) -> _Function:
    """Makes a function part of compiled ones that call it, and leaves it as it is for tensors."""
    return _numba.register_jitable(**_INLINED)(inspect.unwrap(function))


def exp(x: Value) -> Value:
    """Returns e to the power of x."""
    return torch.exp(x)


def expm1(x: Value) -> Value:
    """Returns exp(x) - 1 without cancellation."""
    return torch.expm1(x)


def log(x: Value) -> Value:
    """Returns the natural logarithm."""
    return torch.log(x)


def sqrt(x: Value) -> Value:
    """Returns the square root."""
    return torch.sqrt(x)


def cube_root(x: Value) -> Value:
    """Returns the cube root of positive x."""
    return x ** (1 / 3)


def normal_share(x: Value) -> Value:
    """Returns the share of a standard normal distribution below x."""
    return torch.special.ndtr(x)


def where(condition: Value, yes: Value, no: Value) -> Value:
    """Returns `yes` where the condition holds, `no` elsewhere; not two plain numbers."""
    return torch.where(condition, yes, no)


def at_least(x: Value, bound: Value) -> Value:
    """Returns the larger one; at most one of them is a plain number, the second."""
    return x.clamp(min=bound)


def at_most(x: Value, bound: Value) -> Value:
    """Returns the smaller one; at most one of them is a plain number, the second."""
    return x.clamp(max=bound)


def some(condition: Value) -> bool:
    """Whether it holds anywhere, so that what only these cells need is worth doing."""
    return bool(condition.any())


def detached(x: Value) -> Value:
    """Returns x without a gradient."""
    return x.detach()


_ON_NUMBERS: dict[Callable[..., Any], Callable[..., Any]] = {
    exp: lambda x: math.exp(x),
    expm1: lambda x: math.expm1(x),
    log: lambda x: math.log(x),
    sqrt: lambda x: math.sqrt(x),
    cube_root: lambda x: np.cbrt(x),
    normal_share: lambda x: 0.5 * math.erfc(-0.7071067811865476 * x),
    where: lambda condition, yes, no: yes if condition else no,
    at_least: lambda x, bound: max(x, bound),
    at_most: lambda x, bound: min(x, bound),
    some: lambda condition: condition,
    detached: lambda x: x,
}


def _register(on_tensors: Callable[..., Any], on_numbers: Callable[..., Any]) -> None:
    _numba.overload(on_tensors, strict=False, jit_options=_INLINED)(lambda *types: on_numbers)


for _tensors, _numbers in _ON_NUMBERS.items():
    _register(_tensors, _numbers)
