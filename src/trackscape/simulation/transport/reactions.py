"""What happens to a proton that meets a nucleus."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.kinematics import PROTON_MASS
from trackscape.simulation.physics.nuclear import NuclearData, elastic_angles, nearest_elements
from trackscape.simulation.physics.random_streams import Stream, on_circle, uniform
from trackscape.simulation.setup.materials import ELEMENTS
from trackscape.simulation.transport.matter import LOG_ENERGY, find_energy, read
from trackscape.simulation.transport.recorder import HEAVY, PROTON, Recorder, kind_of, release
from trackscape.simulation.transport.step import point_along
from trackscape.simulation.transport.world import T

_NUCLEON = 931.494  # MeV


class Reactions(NamedTuple):
    """Samples as arrays. Elements are those with cross-sections, targets those with samples."""

    inelastic: Float[np.ndarray, "elements points"]  # cross-section at `LOG_ENERGY`, cm²/mol
    elastic: Float[np.ndarray, "elements points"]
    target_mass: Float[np.ndarray, " elements"]  # of the nucleus, MeV
    target: Integer[np.ndarray, " elements"]  # whose reactions stand for the element
    log_energy: Float[np.ndarray, " energies"]  # ln of MeV
    offsets: Integer[np.ndarray, "targets energies reactions+1"]  # where their secondaries start
    kind: Integer[np.ndarray, " secondaries"]
    energy: Float[np.ndarray, " secondaries"]  # MeV
    cosine: Float[np.ndarray, " secondaries"]  # of the angle to the proton
    azimuth: Float[np.ndarray, " secondaries"]  # about the proton, rad
    elastic_target: Integer[np.ndarray, " elements"]
    elastic_log_energy: Float[np.ndarray, " elastic_energies"]
    probabilities: Float[np.ndarray, " quantiles"]  # 0 to 1
    elastic_loss: Float[np.ndarray, "elastic_targets elastic_energies quantiles"]  # MeV


def tabulate_reactions(nuclear: NuclearData) -> Reactions:
    """Returns the samples in the form that compiled code reads."""
    inelastic, elastic = nuclear.cross_sections(LOG_ENERGY)
    shape = (len(nuclear.reaction_targets), len(nuclear.reaction_energies), -1)
    offsets = nuclear.reaction_offsets.astype(np.int64)
    starts, ends = offsets[:-1].reshape(shape), offsets[1:].reshape(shape)
    return Reactions(
        inelastic=inelastic,
        elastic=elastic,
        target_mass=np.array(
            [PROTON_MASS if e == "H" else _NUCLEON * ELEMENTS[e].mass for e in nuclear.elements]
        ),
        target=nearest_elements(nuclear.elements, nuclear.reaction_targets),
        log_energy=np.log(nuclear.reaction_energies),
        offsets=np.concatenate([starts, ends[:, :, -1:]], axis=2),
        kind=kind_of(nuclear.secondary_charge, nuclear.secondary_mass),
        energy=nuclear.secondary_energy.astype(float),
        cosine=np.cos(nuclear.secondary_theta.astype(float)),
        azimuth=nuclear.secondary_phi.astype(float),
        elastic_target=nearest_elements(nuclear.elements, nuclear.elastic_targets),
        elastic_log_energy=np.log(nuclear.elastic_energies),
        probabilities=nuclear.elastic_probabilities.astype(float),
        elastic_loss=nuclear.elastic_loss.astype(float),
    )


@compiled
def choose_element(
    stream: Stream, atoms: np.ndarray, cross_sections: np.ndarray, energy: float
) -> int:
    """Returns the element that a proton met: random, by atoms times cross-section."""
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
    stream: Stream, atoms: np.ndarray, samples: Reactions, recorder: Recorder, particle: np.ndarray
) -> bool:
    """Lets a proton scatter from a nucleus or react with it; returns whether it is lost.

    The atoms of the material are in mol/g of each element.
    """
    left, part = find_energy(particle[T])
    elastic = inelastic = 0.0
    for e in range(len(atoms)):
        elastic += atoms[e] * read(samples.elastic[e], left, part)
        inelastic += atoms[e] * read(samples.inelastic[e], left, part)
    reacts = uniform(stream) * (elastic + inelastic) < inelastic
    if reacts:
        react(stream, atoms, samples, recorder, particle)
    else:
        collide(stream, atoms, samples, recorder, particle)
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
    stream: Stream, atoms: np.ndarray, samples: Reactions, recorder: Recorder, particle: np.ndarray
) -> None:
    """Replaces a proton by the charged secondaries of a sampled reaction.

    It is turned about the proton, and its energies are scaled to that of the proton.
    """
    energy = particle[T]
    element = choose_element(stream, atoms, samples.inelastic, energy)
    sampled = near_energy(stream, samples.log_energy, energy)
    starts = samples.offsets[samples.target[element], sampled]
    reaction = int(uniform(stream) * (len(starts) - 1))
    scale = energy / math.exp(samples.log_energy[sampled])
    turned = 2.0 * math.pi * uniform(stream)
    for s in range(starts[reaction], starts[reaction + 1]):
        kind, freed, cosine = samples.kind[s], scale * samples.energy[s], samples.cosine[s]
        azimuth = turned + samples.azimuth[s]
        release(recorder, particle, kind, freed, cosine, math.cos(azimuth), math.sin(azimuth))


@compiled
def collide(
    stream: Stream, atoms: np.ndarray, samples: Reactions, recorder: Recorder, particle: np.ndarray
) -> None:
    """Scatters a proton elastically from a nucleus, which recoils as a particle of its own."""
    energy = particle[T]
    element = choose_element(stream, atoms, samples.elastic, energy)
    sampled = near_energy(stream, samples.elastic_log_energy, energy)
    quantiles = samples.elastic_loss[samples.elastic_target[element], sampled]
    loss = np.interp(uniform(stream), samples.probabilities, quantiles)
    mass = samples.target_mass[element]
    if mass == PROTON_MASS:  # isotropic in the centre of mass: a share of the energy
        loss *= energy / math.exp(samples.elastic_log_energy[sampled])
    # Nuclei diffract: what they take hardly depends on the energy, as long as they can take it.
    loss = min(loss, energy * 4.0 * PROTON_MASS * mass / (PROTON_MASS + mass) ** 2)
    scattered, recoil = elastic_angles(energy, loss, PROTON_MASS, mass)
    aside, upwards = on_circle(stream)
    kind = PROTON if mass == PROTON_MASS else HEAVY
    release(recorder, particle, kind, loss, recoil, -aside, -upwards)
    point_along(particle, scattered, aside, upwards)
    particle[T] = energy - loss
