"""What happens to a proton that meets a nucleus."""

import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import PROTON_MASS
from trackscape.simulation.physics.nuclear import NuclearData, elastic_angles
from trackscape.simulation.physics.random_streams import Stream, on_circle, uniform
from trackscape.simulation.setup.materials import ELEMENTS
from trackscape.simulation.transport.matter import Matter, find_energy, read
from trackscape.simulation.transport.recorder import HEAVY, PROTON, Recorder, kind_of, release
from trackscape.simulation.transport.step import point_along
from trackscape.simulation.transport.world import T

_NUCLEON = 931.494  # MeV


class Reactions(NamedTuple):
    """Samples as arrays. E elements, K energies; T targets of R reactions each; S secondaries."""

    inelastic: np.ndarray
    """Inelastic cross-sections at the energies of `Matter`, (E, P) in cm²/mol."""
    elastic: np.ndarray
    """Elastic cross-sections at the energies of `Matter`, (E, P) in cm²/mol."""
    target_mass: np.ndarray
    """Mass of the nucleus, (E,) in MeV."""
    target: np.ndarray
    """Number of the target whose reactions stand for an element, (E,)."""
    log_energy: np.ndarray
    """Logarithms of the sampled energies in MeV, (K,)."""
    offsets: np.ndarray
    """Place where the secondaries of each reaction start, (T, K, R + 1)."""
    kind: np.ndarray
    """Kind of each secondary, (S,)."""
    energy: np.ndarray
    """Kinetic energy of each secondary, (S,) in MeV."""
    cosine: np.ndarray
    """Cosine of the angle of each secondary to the proton, (S,)."""
    azimuth: np.ndarray
    """Azimuth of each secondary about the proton, (S,) in rad."""
    elastic_target: np.ndarray
    """Number of the target in the table of elastic scattering, (E,)."""
    elastic_log_energy: np.ndarray
    """Logarithms of the energies of elastic scattering in MeV, (L,)."""
    probabilities: np.ndarray
    """Probabilities of the quantiles, (Q,), from 0 to 1."""
    elastic_loss: np.ndarray
    """Quantiles of the energy loss in elastic scattering, (targets, L, Q) in MeV."""


def tabulate_reactions(nuclear: NuclearData, log_energy: np.ndarray) -> Reactions:
    """Returns the samples in the form that compiled code reads."""
    inelastic, elastic = nuclear.cross_sections(log_energy)
    shape = (len(nuclear.reaction_targets), len(nuclear.reaction_energies), -1)
    starts, ends = (
        part.reshape(shape)
        for part in (nuclear.reaction_offsets[:-1], nuclear.reaction_offsets[1:])
    )
    return Reactions(
        inelastic=inelastic,
        elastic=elastic,
        target_mass=np.array(
            [PROTON_MASS if e == "H" else _NUCLEON * ELEMENTS[e].mass for e in nuclear.elements]
        ),
        target=_nearest(nuclear.elements, nuclear.reaction_targets),
        log_energy=np.log(nuclear.reaction_energies),
        offsets=np.concatenate([starts, ends[:, :, -1:]], axis=2).astype(np.int64),
        kind=kind_of(nuclear.secondary_charge, nuclear.secondary_mass),
        energy=nuclear.secondary_energy.astype(float),
        cosine=np.cos(nuclear.secondary_theta.astype(float)),
        azimuth=nuclear.secondary_phi.astype(float),
        elastic_target=_nearest(nuclear.elements, nuclear.elastic_targets),
        elastic_log_energy=np.log(nuclear.elastic_energies),
        probabilities=nuclear.elastic_probabilities.astype(float),
        elastic_loss=nuclear.elastic_loss.astype(float),
    )


def _nearest(elements: tuple[str, ...], targets: tuple[str, ...]) -> np.ndarray:
    """Returns (E,) the number of the target that is nearest in Z to each element."""
    charge = np.array([ELEMENTS[symbol].number for symbol in elements])
    known = np.array([ELEMENTS[symbol].number for symbol in targets])
    return np.abs(charge[:, None] - known).argmin(axis=1)


@compiled
def choose_element(
    stream: Stream, atoms: np.ndarray, cross_sections: np.ndarray, energy: float
) -> int:
    """Returns the element that a proton met: random, by atoms (E,) times cross-section (E, P)."""
    left, part = find_energy(energy)
    total = 0.0
    chosen = 0
    for e in range(len(atoms)):
        if atoms[e] > 0.0:
            weight = atoms[e] * read(cross_sections[e], left, part)
            total += weight
            if uniform(stream) * total < weight:
                chosen = e
    return chosen


@compiled
def meet_nucleus(
    stream: Stream,
    matter: Matter,
    reactions: Reactions,
    recorder: Recorder,
    particle: np.ndarray,
    material: int,
    track: int,
) -> bool:
    """Lets a proton scatter from a nucleus or react with it; returns whether it is lost."""
    left, part = find_energy(particle[T])
    atoms = matter.atoms[material]
    elastic = inelastic = 0.0
    for e in range(len(atoms)):
        elastic += atoms[e] * read(reactions.elastic[e], left, part)
        inelastic += atoms[e] * read(reactions.inelastic[e], left, part)
    reacts = uniform(stream) * (elastic + inelastic) < inelastic
    if reacts:
        react(stream, matter, reactions, recorder, particle, material, track)
    else:
        collide(stream, matter, reactions, recorder, particle, material, track)
    return reacts


@inlined
def near_energy(stream: Stream, log_energies: np.ndarray, energy: float) -> int:
    """Returns one of the two sampled energies about an energy, more often the nearer in ln T."""
    place = math.log(energy)
    above = int(np.searchsorted(log_energies, place))
    if above == 0:
        return 0
    if above == len(log_energies):
        return above - 1
    width = log_energies[above] - log_energies[above - 1]
    share = (place - log_energies[above - 1]) / width
    return above if uniform(stream) < share else above - 1


@compiled
def react(
    stream: Stream,
    matter: Matter,
    reactions: Reactions,
    recorder: Recorder,
    particle: np.ndarray,
    material: int,
    track: int,
) -> None:
    """Replaces a proton by the charged secondaries of an inelastic reaction.

    A sampled reaction is turned about the proton, and its energies scaled to that of the proton.
    """
    energy = particle[T]
    element = choose_element(stream, matter.atoms[material], reactions.inelastic, energy)
    sampled = near_energy(stream, reactions.log_energy, energy)
    starts = reactions.offsets[reactions.target[element], sampled]
    reaction = int(uniform(stream) * (len(starts) - 1))
    scale = energy / math.exp(reactions.log_energy[sampled])
    turned = 2.0 * math.pi * uniform(stream)
    for s in range(starts[reaction], starts[reaction + 1]):
        release(
            recorder,
            particle,
            reactions.kind[s],
            track,
            scale * reactions.energy[s],
            reactions.cosine[s],
            math.cos(turned + reactions.azimuth[s]),
            math.sin(turned + reactions.azimuth[s]),
        )


@compiled
def collide(
    stream: Stream,
    matter: Matter,
    reactions: Reactions,
    recorder: Recorder,
    particle: np.ndarray,
    material: int,
    track: int,
) -> None:
    """Scatters a proton elastically from a nucleus, which recoils as a particle of its own."""
    energy = particle[T]
    element = choose_element(stream, matter.atoms[material], reactions.elastic, energy)
    sampled = near_energy(stream, reactions.elastic_log_energy, energy)
    quantiles = reactions.elastic_loss[reactions.elastic_target[element], sampled]
    loss = np.interp(uniform(stream), reactions.probabilities, quantiles)
    mass = reactions.target_mass[element]
    if mass == PROTON_MASS:  # isotropic in the centre of mass: a share of the energy
        loss *= energy / math.exp(reactions.elastic_log_energy[sampled])
    # Nuclei diffract: what they take hardly depends on the energy, as long as they can take it.
    loss = min(loss, energy * 4.0 * PROTON_MASS * mass / (PROTON_MASS + mass) ** 2)
    scattered, recoil = elastic_angles(energy, loss, PROTON_MASS, mass)
    aside, upwards = on_circle(stream)
    kind = PROTON if mass == PROTON_MASS else HEAVY
    release(recorder, particle, kind, track, loss, recoil, -aside, -upwards)
    point_along(particle, scattered, aside, upwards)
    particle[T] = energy - loss
