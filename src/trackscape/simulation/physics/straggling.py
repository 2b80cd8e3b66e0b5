"""How much the energy loss of a charged particle fluctuates.

Two laws. Where many collisions happen, the loss is Gaussian with Bohr's variance. In a sensitive
layer of 25 µm of silicon it is strongly skewed, and follows Urban's model of two kinds of
collisions (K. Lassila-Perini and L. Urbán, Nucl. Instrum. Meth. A 362:416, 1995; constants of
Geant4's G4UniversalFluctuation). Energies in MeV, thicknesses in g/cm².
"""

import math

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import beta_squared, largest_transfer
from trackscape.simulation.physics.random_streams import Stream, normal, poisson, uniform

BOHR_CONSTANT = 0.153537
"""2π N_A r_e² m_e c² in MeV cm²/mol: ξ = 0.1535 (Z/A) t z²/β² (Particle Data Group)."""

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

    Arguments:
        energy: Kinetic energy in MeV.
        mass: Mass in MeV.
        charge: Charge number of the particle.
        electrons: (Z/A) t: electrons of the matter in mol/cm².
    """
    square = beta_squared(energy, mass)
    xi = BOHR_CONSTANT * electrons * charge * charge / square
    return xi * largest_transfer(energy, mass) * (1.0 - 0.5 * square)


@inlined
def straggling_variance(
    energy: float, loss: float, mass: float, charge: float, electrons: float, cut: float
) -> float:
    """Returns the variance of the energy loss in MeV², with the widening of Geant4's steps.

    Geant4 draws losses below a production threshold T_c as one Gaussian and knocks out electrons
    above it one by one. Where a step loses at least 10 T_c and W ≤ 2 T_c, the Gaussian gets the
    variance k (W/β² − T_c/2) instead of k (T_c/β² − T_c²/2W), k = Ω² / (W/β² − W/2)
    (G4UniversalFluctuation of Geant4 11.4). The electrons above T_c come on top, so that 230
    MeV protons straggle more in 100 mm of water than Bohr says, by a sixth. Where T_c ≥ W it is
    Bohr's.

    Arguments:
        energy: Kinetic energy in MeV.
        loss: Mean loss in the step in MeV.
        mass: Mass in MeV.
        charge: Charge number of the particle.
        electrons: (Z/A) t: electrons of the matter in mol/cm².
        cut: T_c in MeV; infinite for Bohr's variance everywhere.
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
    """Returns a random energy loss in a thin layer, in MeV.

    The atoms have one excitation level at I; ionisations follow 1/E² from 10 eV to the largest
    transfer. Where the mean loss holds ten of the largest transfers, the sum is drawn as Gaussian.

    Arguments:
        stream: Random numbers.
        mean: Mean loss in MeV.
        variance: Bohr's variance in MeV², for the Gaussian.
        transfer: Largest transfer W to one electron that stays in the layer, in MeV.
        excitation: Mean excitation energy I in MeV.
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
    if count == 0:
        return 0.0
    return (count + 1.0 - 2.0 * uniform(stream)) * level


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
    # As Geant4 does: wide distributions are drawn flat over twice the mean.
    if mean < 2.0 * spread:
        return 2.0 * mean * uniform(stream)
    while True:
        loss = mean + spread * normal(stream)
        if 0.0 < loss < 2.0 * mean:
            return loss
