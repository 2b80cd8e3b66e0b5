"""An emulator on its own states for days, beside the model that it stands for."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from trackscape.compiled import Floats
from trackscape.emulation.networks import Emulator
from trackscape.emulation.scores import check_columns, roll_out
from trackscape.emulation.windows import Windows
from trackscape.files import replacing

LEFT_OVER = 1e-2
"""Share of what there was at the begin below which an error is measured in units of that share:
modes that fade away are not followed to the last particle."""


class RunModel(Protocol):
    """A box model that takes several steps under a forcing that stays."""

    def __call__(self, state: Floats, forcing: Floats, *, steps: int) -> Floats:
        """Returns states (cells, columns) after the steps."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LongRuns:
    """States of cells as two of them go on, (times, cells, columns)."""

    step: np.ndarray
    """Steps since the begin, (times)."""
    model: Floats
    emulator: Floats
    names: tuple[str, ...]
    """Names of the columns."""

    def median_errors(self) -> dict[str, float]:
        """Returns the median relative error of each column at the end.

        See `median_error`.
        """
        first, last, found = self.model[0], self.model[-1], self.emulator[-1]
        return {
            name: median_error(found[:, i], last[:, i], first[:, i])
            for i, name in enumerate(self.names)
        }

    def write(self, path: Path | str) -> None:
        """Writes all states as npz.

        Raises:
            FormatError: The file cannot be written.
        """
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez_compressed(
                file,
                step=self.step,
                model=self.model,
                emulator=self.emulator,
                names=np.array(self.names),
            )


def median_error(found: Floats, wanted: Floats, start: Floats) -> float:
    """Returns the median over cells of |found - wanted| / max(wanted, `LEFT_OVER` start).

    Cells in which there was nothing and is nothing do not count; NaN where that is so in all.
    """
    scale = np.maximum(wanted, LEFT_OVER * start)
    some = scale > 0
    return float(np.median(np.abs(found - wanted)[some] / scale[some])) if some.any() else np.nan


def compare_long_runs(
    emulator: Emulator,
    model: RunModel,
    windows: Windows,
    *,
    steps: int,
    keep: int,
    progress: Callable[[int], object] = lambda times: None,
) -> LongRuns:
    """Lets emulator and model go on from the first states of runs, and keeps every `keep`-th state.

    Raises:
        DataError: The runs have other columns than the emulator.
    """
    check_columns(emulator, windows)
    state, forcing = windows.state[:, 0], windows.forcing
    model_states = [state]
    for _ in range(steps // keep):
        model_states.append(model(model_states[-1], forcing, steps=keep))
    emulated = roll_out(emulator, state, forcing, steps=steps, keep=keep, progress=progress)
    return LongRuns(
        step=keep * np.arange(steps // keep + 1),
        model=np.stack(model_states),
        emulator=emulated,
        names=windows.state_names,
    )
