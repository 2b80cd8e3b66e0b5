"""Data sets of M7: runs that begin at any age of the air within ten days."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from trackscape.emulation.m7.columns import FORCING, GAS, PRODUCTION, STATE
from trackscape.emulation.m7.model import M7
from trackscape.emulation.m7.regimes import REGIMES, sample_states
from trackscape.emulation.windows import Windows, follow_model, joined, write_windows
from trackscape.errors import ConfigError

OLDEST = 1920
"""Steps of the model after which a run begins at the latest: ten days of 450 s."""
YOUNGEST = 4
"""Steps before a run begins at the least: a drawn state is none that a model would be in, and its
modes first hand over what is too large for them."""
BEGINNINGS = 6
"""Times at which runs of the same air begin."""
MOST_SUN = 2.0
"""Largest factor that production gets when a run begins, so that gas is not always in balance."""
PIECE = 6000
"""Runs in a piece of a file."""


def m7_windows(
    model: M7,
    *,
    regimes: Sequence[str] = tuple(REGIMES),
    runs: int,
    steps: int = 1,
    seed: int = 0,
    mixed: float = 0.0,
    oldest: int = OLDEST,
) -> Iterator[Windows]:
    """Yields runs of some steps, about as many of each regime, in pieces.

    States are drawn by `sample_states` and age under their forcing; runs begin at a few times,
    drawn evenly in the logarithm for each piece, from `YOUNGEST` steps up to `oldest`. Production
    then gets a factor from 0 to `MOST_SUN`, drawn evenly. A share of the air is `mixed`: it has
    the surroundings of other air, and gas and its production of other air again.

    Raises:
        ConfigError: A regime has an unknown name, or nothing is asked for.
    """
    unknown = sorted(set(regimes) - set(REGIMES))
    if unknown or not regimes or runs < 1 or steps < 1 or not 0 <= mixed <= 1:
        raise ConfigError(
            f"Expected regimes of {', '.join(REGIMES)}, at least one run and step, and a mixed "
            f"share from 0 to 1, got {', '.join(regimes) or 'none'}, {runs}, {steps} and {mixed}; "
            "change them."
        )
    random = np.random.default_rng(seed)
    done = 0
    while done < runs:
        piece = joined(list(_ageing(model, regimes, steps, oldest, mixed, random)))
        yield piece.part(slice(0, runs - done))
        done += len(piece)


def _ageing(
    model: M7,
    regimes: Sequence[str],
    steps: int,
    oldest: int,
    mixed: float,
    random: np.random.Generator,
) -> Iterator[Windows]:
    """The same air at several ages."""
    kind = np.array(regimes)[random.permutation(PIECE // BEGINNINGS) % len(regimes)]
    state, forcing = np.empty((len(kind), len(STATE))), np.empty((len(kind), len(FORCING)))
    for regime in regimes:
        own = kind == regime
        state[own], forcing[own] = sample_states(regime, int(own.sum()), random=random)
    some = np.flatnonzero(random.random(len(kind)) < mixed) if mixed > 0 else np.empty(0, int)
    one, other = random.permutation(some), random.permutation(some)
    forcing[some, :PRODUCTION] = forcing[one, :PRODUCTION]
    forcing[some, PRODUCTION], state[some, GAS] = forcing[other, PRODUCTION], state[other, GAS]
    ages = np.sort(np.exp(random.uniform(np.log(YOUNGEST), np.log(oldest), BEGINNINGS)).astype(int))
    for wait in np.diff(ages, prepend=0):
        state = model.run(state, forcing, steps=int(wait))
        now = forcing.copy()
        now[:, PRODUCTION] *= random.uniform(0, MOST_SUN, len(now))
        yield Windows(
            state=follow_model(model.step, state, now, steps=steps),
            forcing=now,
            kind=kind,
            state_names=STATE,
            forcing_names=FORCING,
        )


def write_m7_data(
    path: Path | str,
    model: M7,
    *,
    regimes: Sequence[str],
    runs: int,
    steps: int,
    seed: int,
    mixed: float = 0.0,
) -> int:
    """Writes runs of `m7_windows` to a parquet file as they come and returns how many they were.

    Raises:
        ConfigError: As `m7_windows`.
        FormatError: The file cannot be written.
    """
    return write_windows(
        path, m7_windows(model, regimes=regimes, runs=runs, steps=steps, seed=seed, mixed=mixed)
    )
