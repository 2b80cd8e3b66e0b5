"""How often particles of two modes collide: Fuchs' kernel of Brownian motion."""

from typing import NamedTuple

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import FIRST_NUMBER, N_MODES, P, T
from trackscape.emulation.m7.elementary import CellRows, Value, exp, formula, log, sqrt, where
from trackscape.emulation.m7.particles import SPHERE, ModeParticles

_PI = 3.141592653589793


class Motion(NamedTuple):
    """CellRows with how the particles of each mode move, (7) each."""

    lives: CellRows
    """1 if the mode has particles, and they a size, else 0."""
    radius: CellRows
    """Wet count median radius in cm."""
    diffusion: CellRows
    """Diffusion coefficient in cm²/s."""
    square_speed: CellRows
    """Square of the mean thermal speed in cm²/s²."""
    square_jump: CellRows
    """Square of the distance in cm at which a particle no longer feels where it came from."""


@formula
def find_motion(
    motion: Motion, particles: ModeParticles, state: CellRows, forcing: CellRows
) -> None:
    """Fills in all rows: diffusion with the slip correction, 1 + 2.492 Kn + 0.84 Kn exp(-0.43/Kn).

    The free path of air is 2.251e-3 T/p cm, its viscosity 1.827e-4 (T/291.15)^0.74 P.
    """
    path = 2.251e-3 * forcing[T] / forcing[P]
    viscosity = 1.827e-4 * exp(0.74 * log(forcing[T] / 291.15))
    for mode in range(N_MODES):
        number = state[FIRST_NUMBER + mode]
        lives = (particles.wet[mode] > c.LEAST_RADIUS) & (number > c.LEAST_NUMBER)
        r = where(lives, particles.wet[mode], 1e-6)
        density = where(lives, particles.density[mode], 1.0)
        knudsen = path / (2 * r)
        slip = 1 + 2.492 * knudsen + 0.84 * knudsen * exp(-0.86 * r / path)
        diffusion = c.BOLTZMANN * forcing[T] / (6 * _PI * viscosity * r) * slip
        square_speed = 8 * c.BOLTZMANN * forcing[T] / (_PI * SPHERE * r * r * r * density)
        x = 8 * diffusion / (_PI * sqrt(square_speed))
        # In units of r, or single precision would run out of small numbers.
        q = x / r
        sphere = 4 + q * q
        jump = r * (((2 + q) ** 3 - sphere * sqrt(sphere)) / (6 * q) - 2)
        motion.lives[mode] = where(lives, 1 + 0 * r, 0.0)
        motion.radius[mode] = r
        motion.diffusion[mode] = diffusion
        motion.square_speed[mode] = square_speed
        motion.square_jump[mode] = 2 * jump * jump


@formula
def collision_rate(motion: Motion, i: int, j: int) -> Value:
    """Returns the kernel K of two modes in cm³/s, 0 if one of them is empty.

    K = 16π D r / (4 D / (v r) + r / (r + h/2)), with the means D and r of both, v² and h² summed.

    References:
        Fuchs, "The Mechanics of Aerosols", 1964.
    """
    r = 0.5 * (motion.radius[i] + motion.radius[j])
    diffusion = 0.5 * (motion.diffusion[i] + motion.diffusion[j])
    speed = sqrt(motion.square_speed[i] + motion.square_speed[j])
    jump = sqrt(motion.square_jump[i] + motion.square_jump[j])
    resistance = 4 * diffusion / (speed * r) + r / (r + 0.5 * jump)
    return 16 * _PI * diffusion * r / resistance * motion.lives[i] * motion.lives[j]
