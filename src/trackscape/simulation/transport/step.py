"""One step of a charged particle: how it is deflected, and what energy it loses.

A step is straight, in one material, and short against the range left. Deflections and displacements
are added at its end (`trackscape.simulation.physics.scattering` says by which law). Energies and
masses in MeV, distances in mm, thicknesses in g/cm², charges in units of e.
"""

import math

import numpy as np

from trackscape.compiled import inlined
from trackscape.simulation.physics.electrons import bohr_variance, urban_loss
from trackscape.simulation.physics.kinematics import largest_transfer, momentum_squared
from trackscape.simulation.physics.random_streams import (
    Stream,
    normal,
    normals,
    on_circle,
    poisson,
    uniform,
)
from trackscape.simulation.physics.scattering import (
    form_factor_squared,
    scattering_strength,
    screening_angle_squared,
    soft_variance,
)
from trackscape.simulation.transport.matter import Matter
from trackscape.simulation.transport.world import UX, UY, UZ, T, X, Y, Z

_EXPECTED_HARD = 0.5  # deflections of a step above the limit between many and single ones
_TOO_THIN = 3e-4  # g/cm²; two millimetres of air scatter a ten-thousandth of what a layer does


@inlined
def sensitive_loss(
    stream: Stream,
    matter: Matter,
    material: int,
    energy: float,
    after: float,
    mass: float,
    charge: float,
    thickness: float,
) -> float:
    """Returns a random energy loss in a thin layer, at most all the energy.

    The mean energy `after` the layer is 0 for a particle that stops.
    """
    if after <= 0.0:
        return energy
    loss = urban_loss(
        stream,
        energy - after,
        bohr_variance(energy, mass, charge, matter.electrons[material] * thickness),
        largest_transfer(energy, mass),
        matter.excitation[material],
    )
    return min(loss, energy)


@inlined
def scatter(
    stream: Stream,
    matter: Matter,
    material: int,
    particle: np.ndarray,
    after: float,
    mass: float,
    charge: float,
    distance: float,
    displaced: bool,
) -> None:
    """Moves a particle by a distance and deflects it; its energy stays, `after` is for the law.

    Deflections inside of the step also displace it if `displaced` is set.
    """
    thickness = 0.1 * distance * matter.density[material]
    if thickness < _TOO_THIN:
        go_straight(particle, distance)
        return
    before = particle[T]
    strength = scattering_strength(before, max(after, 0.25 * before), mass, charge) * thickness
    nuclei = strength * matter.nuclei[material]
    screening = screening_angle_squared(
        before, mass, charge, matter.screening[material], matter.coupling[material]
    )
    limit = min(max(nuclei / _EXPECTED_HARD - screening, screening), 1.0)
    spread = math.sqrt(
        0.5 * soft_variance(nuclei, strength * matter.electrons[material], screening, limit, mass)
    )
    _deflect_softly(stream, particle, spread, distance, displaced)
    for _ in range(poisson(stream, nuclei / (limit + screening))):
        angle_squared = (limit + screening) / uniform(stream) - screening
        if angle_squared > 4.0:
            continue
        transfer_squared = momentum_squared(before, mass) * angle_squared
        kept = form_factor_squared(transfer_squared, matter.radius_squared[material])
        if uniform(stream) < kept:
            left = distance * uniform(stream) if displaced else 0.0
            _deflect_at(stream, particle, angle_squared, left)


@inlined
def go_straight(particle: np.ndarray, distance: float) -> None:
    """Moves a particle along its direction."""
    particle[X] += distance * particle[UX]
    particle[Y] += distance * particle[UY]
    particle[Z] += distance * particle[UZ]


@inlined
def _deflect_softly(
    stream: Stream, particle: np.ndarray, spread: float, distance: float, displaced: bool
) -> None:
    """Adds a Gaussian angle and the displacement that goes with it.

    In a plane: θ = σ z₁, y = s σ (z₁/2 + z₂/√12), so that var θ = σ², var y = s²σ²/3 and their
    correlation is √3/2, as for scattering all along the step.
    """
    a, b = normals(stream)
    go_straight(particle, distance)
    ux, uy, uz = particle[UX], particle[UY], particle[UZ]
    e, f = across(ux, uy, uz)
    if displaced:
        c, d = normals(stream)
        c = distance * spread * (0.5 * a + 0.28867513 * c)
        d = distance * spread * (0.5 * b + 0.28867513 * d)
        particle[X] += c * e[0] + d * f[0]
        particle[Y] += c * e[1] + d * f[1]
        particle[Z] += c * e[2] + d * f[2]
    a *= spread
    b *= spread
    norm = 1.0 / math.sqrt(1.0 + a * a + b * b)
    particle[UX] = norm * (ux + a * e[0] + b * f[0])
    particle[UY] = norm * (uy + a * e[1] + b * f[1])
    particle[UZ] = norm * (uz + a * e[2] + b * f[2])


@inlined
def _deflect_at(
    stream: Stream, particle: np.ndarray, angle_squared: float, distance_left: float
) -> None:
    """Adds a single deflection that happened some distance before the end of the step."""
    ux, uy, uz = particle[UX], particle[UY], particle[UZ]
    aside, upwards = on_circle(stream)
    point_along(particle, 1.0 - 0.5 * angle_squared, aside, upwards)
    if angle_squared < 0.1:  # otherwise the particle may have left the layer: it turns at the end
        particle[X] += distance_left * (particle[UX] - ux)
        particle[Y] += distance_left * (particle[UY] - uy)
        particle[Z] += distance_left * (particle[UZ] - uz)


@inlined
def point_along(particle: np.ndarray, cosine: float, aside: float, upwards: float) -> None:
    """Turns the direction of a particle by an angle, given its cosine.

    Cosine and sine of the azimuth about the old direction are `aside` and `upwards`.
    """
    ux, uy, uz = particle[UX], particle[UY], particle[UZ]
    e, f = across(ux, uy, uz)
    sine = math.sqrt(max(0.0, 1.0 - cosine * cosine))
    a, b = sine * aside, sine * upwards
    particle[UX] = cosine * ux + a * e[0] + b * f[0]
    particle[UY] = cosine * uy + a * e[1] + b * f[1]
    particle[UZ] = cosine * uz + a * e[2] + b * f[2]


@inlined
def across(
    ux: float, uy: float, uz: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Returns two unit vectors that make a right-handed frame with a direction.

    By Duff et al. (J. Computer Graphics Techniques 6:1, 2017), without a square root.
    """
    sign = math.copysign(1.0, uz)
    a = -1.0 / (sign + uz)
    b = ux * uy * a
    return (1.0 + sign * ux * ux * a, sign * b, -sign * ux), (b, sign + uy * uy * a, -uy)


@inlined
def straggle(stream: Stream, particle: np.ndarray, variance: float) -> None:
    """Gives a particle's energy a Gaussian fluctuation; it stays positive."""
    energy = particle[T] + math.sqrt(variance) * normal(stream)
    if energy > 0.0:
        particle[T] = energy
