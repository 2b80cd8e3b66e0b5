"""How good an emulator is: tendencies, mass, negative values, and long runs."""

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from trackscape.compiled import Floats
from trackscape.emulation.conservation import mass_violation
from trackscape.emulation.fast import array_step
from trackscape.emulation.networks import Emulator
from trackscape.emulation.windows import Windows
from trackscape.errors import DataError

SMALLEST_CHANGE = 1e-8
"""Added before a logarithm, as published."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class EmulatorScores:
    """Of the first step of each run of a data set; (columns) where not said otherwise."""

    r2: Floats
    """Coefficient of determination of the changes."""
    r2_log: Floats
    """Of log(|change| + 1e-8), as published."""
    rmse: Floats
    """Root mean square error of the changes, in their standard deviations."""
    mass_bias: Floats
    """Mean of what is made or lost, over the mean total, (groups)."""
    mass_rmse: Floats
    """Root mean square of what is made or lost, over the mean total, (groups)."""
    worst_mass: float
    """Largest relative error of a group in a cell."""
    negative_share: float
    """Share of negative values among all."""
    negative_mean: float
    """Mean over columns of the sum of negative values over that of all true ones."""


def score(
    emulator: Emulator, windows: Windows, *, dtype: torch.dtype = torch.float32
) -> EmulatorScores:
    """Judges the first step of each run.

    Raises:
        DataError: The data set has other columns than the emulator.
    """
    check_columns(emulator, windows)
    before = torch.tensor(windows.state[:, 0], dtype=dtype)
    forcing = torch.tensor(windows.forcing, dtype=dtype)
    with torch.no_grad():
        moved = [
            emulator.to(dtype).advance(b, f)
            for b, f in zip(before.split(16384), forcing.split(16384), strict=True)
        ]
    after, change = (torch.cat(each).double() for each in zip(*moved, strict=True))
    wanted = torch.from_numpy(windows.state[:, 1] - windows.state[:, 0])
    groups = emulator.system.groups
    violation = mass_violation(groups, before, after, forcing)
    bias, root = _mass(emulator, before.double(), after, forcing.double())
    negative = after.clamp(max=0.0)
    total = torch.from_numpy(windows.state[:, 1]).sum(dim=0)
    share = -negative.sum(dim=0) / torch.where(total > 0, total, 1.0)
    spread = wanted.std(dim=0)
    error = (change - wanted).square().mean(dim=0).sqrt()
    return EmulatorScores(
        r2=_r2(change, wanted),
        r2_log=_r2((change.abs() + SMALLEST_CHANGE).log(), (wanted.abs() + SMALLEST_CHANGE).log()),
        rmse=(error / torch.where(spread > 0, spread, 1.0)).numpy(),
        mass_bias=bias,
        mass_rmse=root,
        worst_mass=float(violation.max()),
        negative_share=float((after < 0).double().mean()),
        negative_mean=float(share.mean()),
    )


def check_columns(emulator: Emulator, windows: Windows) -> None:
    """Raises DataError where a data set has other columns than an emulator."""
    system = emulator.system
    for what, own, other in (
        ("states", system.state, windows.state_names),
        ("forcings", system.forcing, windows.forcing_names),
    ):
        if own != other:
            raise DataError(
                f"Expected {what} with the columns {', '.join(own)}, as the emulator has, got "
                f"{', '.join(other)}; use the data set that it belongs to."
            )


def _r2(found: torch.Tensor, wanted: torch.Tensor) -> Floats:
    residual = (found - wanted).square().sum(dim=0)
    spread = (wanted - wanted.mean(dim=0)).square().sum(dim=0)
    return (1 - residual / torch.where(spread > 0, spread, torch.nan)).numpy()


def _mass(
    emulator: Emulator, before: torch.Tensor, after: torch.Tensor, forcing: torch.Tensor
) -> tuple[Floats, Floats]:
    bias, root = list[float](), list[float]()
    for group in emulator.system.groups:
        columns = list(group.columns)
        source = 0.0 if group.source is None else group.factor * forcing[:, group.source]
        total = before[:, columns].sum(dim=1) + source
        error = after[:, columns].sum(dim=1) - total
        scale = float(total.mean()) or 1.0
        bias.append(float(error.mean()) / scale)
        root.append(float(error.square().mean().sqrt()) / scale)
    return np.array(bias), np.array(root)


def roll_out(
    emulator: Emulator,
    state: Floats,
    forcing: Floats,
    *,
    steps: int,
    keep: int = 1,
    progress: Callable[[int], object] = lambda times: None,
) -> Floats:
    """Returns the first states and those after every `keep`-th step, (kept + 1, cells, columns).

    The emulator feeds on what it says, as `array_step` runs it.
    """
    advance = array_step(emulator)
    kept = [state]
    for step in range(1, steps + 1):
        state = advance(state, forcing)
        if step % keep == 0:
            kept.append(state)
            progress(1)
    return np.stack(kept)
