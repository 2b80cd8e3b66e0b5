"""Collisions of charged particles and photons with electrons: straggling, and what is knocked out.

Where many collisions happen, the energy loss is Gaussian with Bohr's variance. In a sensitive layer
of 25 µm of silicon it is strongly skewed, and follows Urban's model of two kinds of collisions
(K. Lassila-Perini and L. Urbán, Nucl. Instrum. Meth. A 362:416, 1995; constants of Geant4's
G4UniversalFluctuation). Energies and masses in MeV, charges in units of e; `electrons` is (Z/A) t
of the matter in mol/cm², `cut` the energy T_c above which electrons are knocked out one by one.
"""

import math

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import (
    ELECTRON_MASS,
    PROTON_MASS,
    beta_squared,
    largest_transfer,
    momentum_squared,
)
from trackscape.simulation.physics.random_streams import Stream, normal, poisson, uniform
from trackscape.simulation.physics.stopping import energy_of_range
from trackscape.simulation.setup.materials import Material

BOHR_CONSTANT = 0.153537
"""2π N_A r_e² m_e c² in MeV cm²/mol: ξ = 0.1535 (Z/A) t z²/β² (Particle Data Group)."""
KLEIN_NISHINA_CONSTANT = BOHR_CONSTANT / ELECTRON_MASS
"""2π N_A r_e² in cm²/mol."""

_RANGE_CUT = 0.07  # cm, Geant4's default: electrons that would go less far are not followed
_LEAST, _MOST = 1e-3, 1.0  # MeV; thresholds beyond these are never asked for
_RATE = 0.56  # share of the loss that goes into ionisation
_E0 = 1e-5  # MeV, least energy of an ionisation
_WIDTH = 4.0  # most by which one excitation replaces several
_FEW = 42.0  # excitations below which fewer are replaced
_MANY = 8.0  # collisions above which their sum is Gaussian


@inlined
def bohr_variance(energy: float, mass: float, charge: float, electrons: float) -> float:
    """Returns Bohr's variance Ω² = ξ W (1 − β²/2) of the energy loss in MeV².

    Valid where single collisions with the largest transfer W are frequent (ξ ≫ W), or for the sum
    of the losses in many layers.
    """
    square = beta_squared(energy, mass)
    xi = BOHR_CONSTANT * electrons * charge * charge / square
    return xi * largest_transfer(energy, mass) * (1.0 - 0.5 * square)


@inlined
def straggling_variance(
    energy: float, loss: float, mass: float, charge: float, electrons: float, cut: float
) -> float:
    """Returns the variance of the energy loss in MeV², with the widening of Geant4's steps.

    Where a step loses at least 10 T_c and W ≤ 2 T_c, the Gaussian of the losses below T_c gets the
    variance k (W/β² − T_c/2) instead of k (T_c/β² − T_c²/2W), k = Ω² / (W/β² − W/2)
    (G4UniversalFluctuation of Geant4 11.4), so that 230 MeV protons straggle more in 100 mm of
    water than Bohr says, by a sixth. Where T_c ≥ W it is Bohr's.
    """
    bohr = bohr_variance(energy, mass, charge, electrons)
    transfer = largest_transfer(energy, mass)
    if cut >= transfer or loss < 10.0 * cut or transfer > 2.0 * cut:
        return bohr
    square = beta_squared(energy, mass)
    soft = transfer / square - 0.5 * cut
    hard = (transfer - cut) / square - 0.5 * (transfer * transfer - cut * cut) / transfer
    return bohr * (soft + hard) / (transfer / square - 0.5 * transfer)


@compiled
def urban_loss(
    stream: Stream, mean: float, variance: float, transfer: float, excitation: float
) -> float:
    """Returns a random energy loss in a thin layer.

    The atoms have one excitation level, at the mean excitation energy; ionisations follow 1/E² from
    10 eV to the largest transfer to an electron that stays in the layer. Where the mean loss holds
    ten of the largest transfers, the sum is drawn as Gaussian with Bohr's variance.
    """
    if mean <= 0.0:
        return 0.0
    if transfer <= excitation:
        return mean
    if mean >= 10.0 * transfer:
        return _positive_normal(stream, mean, math.sqrt(variance))
    scale = min(1.0 + 5e-4 / transfer, 1.5)
    mean = mean / scale
    return scale * (
        _excitations(stream, mean * (1.0 - _RATE), excitation)
        + _ionisations(stream, mean * _RATE, transfer)
    )


@inlined
def _excitations(stream: Stream, mean: float, level: float) -> float:
    number = mean / level
    width = _WIDTH
    if number < _FEW:
        width = 0.1 + (_WIDTH - 0.1) * math.sqrt(number / _FEW)
    number /= width
    level *= width
    if number > _MANY:
        return _positive_normal(stream, number * level, math.sqrt(number) * level)
    count = poisson(stream, number)
    return (count + 1.0 - 2.0 * uniform(stream)) * level if count > 0 else 0.0


@inlined
def _ionisations(stream: Stream, mean: float, transfer: float) -> float:
    ratio = transfer / _E0
    number = mean * (transfer - _E0) / (_E0 * transfer * math.log(ratio))
    least = 1.0  # in units of E0: above it collisions are drawn one by one
    loss = 0.0
    if number > _MANY:
        least = ratio * (_MANY + number) / (ratio * _MANY + number)
        mean_small = least * math.log(least) / (least - 1.0)
        small = number * ratio * (least - 1.0) / ((ratio - 1.0) * least)
        variance = small * (least - mean_small * mean_small)
        loss = _positive_normal(stream, small * _E0 * mean_small, _E0 * math.sqrt(variance))
        number -= small
    share = (transfer - least * _E0) / transfer
    for _ in range(poisson(stream, number)):
        loss += least * _E0 / (1.0 - share * uniform(stream))
    return loss


@inlined
def _positive_normal(stream: Stream, mean: float, spread: float) -> float:
    if mean < 2.0 * spread:  # as Geant4 does, flat over twice the mean
        return 2.0 * mean * uniform(stream)
    while True:
        loss = mean + spread * normal(stream)
        if 0.0 < loss < 2.0 * mean:
            return loss


def production_threshold(material: Material) -> float:
    """Returns the energy in MeV at which an electron can go 0.7 mm, Geant4's default range cut.

    Electrons are taken to lose as much as protons of the same velocity, so their range is that of
    the proton times m_e/m_p; 1.2 times as much path as range cut agrees within a tenth with what
    Geant4 prints for water and aluminium. At least 1 keV; infinite above 1 MeV, which no proton of
    a medical beam can transfer.
    """
    ratio = ELECTRON_MASS / PROTON_MASS
    length = 1.2 * material.density * _RANGE_CUT
    energy = ratio * float(energy_of_range(material, length / ratio))
    return max(energy, _LEAST) if energy < _MOST else math.inf


@inlined
def knocked_out(energy: float, mass: float, charge: float, electrons: float, cut: float) -> float:
    """Returns how many electrons above the cut a heavier particle knocks out on average.

    n = ξ [1/T_c − 1/W − β²/W ln(W/T_c)]: the Rutherford cross-section with the factor 1 − β²T/W,
    without the small term of the spin (Particle Data Group).
    """
    largest = largest_transfer(energy, mass)
    if largest <= cut:
        return 0.0
    square = beta_squared(energy, mass)
    shape = 1.0 / cut - 1.0 / largest - square / largest * math.log(largest / cut)
    return BOHR_CONSTANT * electrons * charge * charge / square * shape


@compiled
def knock_out(stream: Stream, energy: float, mass: float, cut: float) -> tuple[float, float]:
    """Returns energy and cosine of the angle of an electron that is knocked out.

    The energy T lies between the cut and the largest transfer; the angle follows from the energies:
    cos θ = T (E + m_e) / (p p_e), E the total energy and p the momentum of the particle.
    """
    largest = largest_transfer(energy, mass)
    square = beta_squared(energy, mass)
    while True:
        transfer = cut * largest / (largest - uniform(stream) * (largest - cut))
        if uniform(stream) < 1.0 - square * transfer / largest:
            break
    momenta = momentum_squared(energy, mass) * momentum_squared(transfer, ELECTRON_MASS)
    return transfer, min(1.0, transfer * (energy + mass + ELECTRON_MASS) / math.sqrt(momenta))


@inlined
def compton_cross_section(energy: float) -> float:
    """Returns the cross-section of Klein and Nishina for photons in cm²/mol of free electrons.

    From 1 keV on; far below, its terms cancel.
    """
    k = energy / ELECTRON_MASS
    width = 1.0 + 2.0 * k
    logarithm = math.log(width)
    return KLEIN_NISHINA_CONSTANT * (
        (1.0 + k) / (k * k) * (2.0 * (1.0 + k) / width - logarithm / k)
        + logarithm / (2.0 * k)
        - (1.0 + 3.0 * k) / (width * width)
    )


@compiled
def scatter_photon(stream: Stream, energy: float) -> tuple[float, float, float]:
    """Scatters a photon from an electron at rest (Butcher and Messel, Nucl. Phys. 20:15, 1960).

    Returns energy and cosine of the angle of the photon after it, and the cosine of the angle of
    the electron, which goes to the other side.
    """
    k = energy / ELECTRON_MASS
    least = 1.0 / (1.0 + 2.0 * k)
    flat, rising = -math.log(least), 0.5 * (1.0 - least * least)
    while True:
        if uniform(stream) * (flat + rising) < flat:
            share = math.exp(-flat * uniform(stream))
        else:
            share = math.sqrt(least * least + (1.0 - least * least) * uniform(stream))
        away = (1.0 - share) / (k * share)  # 1 − cos θ
        if uniform(stream) < 1.0 - share * away * (2.0 - away) / (1.0 + share * share):
            break
    momentum = math.sqrt(momentum_squared(energy * (1.0 - share), ELECTRON_MASS))
    aside = (energy - share * energy * (1.0 - away)) / max(momentum, 1e-9)
    return share * energy, 1.0 - away, min(max(aside, -1.0), 1.0)
