"""Protons of a beam -> Geant4 -> rows of hits and of primaries."""
# ruff: noqa: N802 (Geant4 names the methods that it calls)

from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from trackscape.simulation import record

_PRIMARY_TRACK = 1


def sample_protons(
    setup: record.Setup, spots: Integer[np.ndarray, " protons"], random: np.random.Generator
) -> Float[np.ndarray, "protons 7"]:
    """Draws protons of spots at the source plane.

    Returns:
        x, y, z in mm, direction cosines, kinetic energy in MeV.
    """
    beam, plan = setup.beam, setup.plan
    aim = np.stack([plan.x[spots], plan.y[spots]], axis=1)
    slope = aim / beam.magnet
    position = aim + slope * beam.source + beam.spot_size * random.standard_normal(aim.shape)
    slope = slope + beam.divergence * random.standard_normal(aim.shape)
    forward = 1 / np.sqrt(1 + (slope**2).sum(axis=1, keepdims=True))
    energy = plan.energy[spots] * (1 + beam.energy_spread * random.standard_normal(len(spots)))
    source = np.full_like(forward, beam.source)
    return np.hstack([position, source, slope * forward, forward, energy[:, None]])


class Scores:
    """What the protons of a block leave behind."""

    def __init__(self, setup: record.Setup):
        self.layer_of_slab: list[int] = setup.detector.layer_of_slab.tolist()
        self.begin(np.empty((0, 7)), first=0)

    def begin(self, protons: Float[np.ndarray, "protons 7"], *, first: int) -> None:
        """Starts a block of protons, whose events are counted from `first`."""
        self.protons = protons
        self.first = first
        self.event = -1
        self.deposits: dict[tuple[int, int, int, int, int], list[float]] = {}
        self.primaries = np.full(len(protons), -1, record.PRIMARY)

    def next_proton(self) -> list[float]:
        """Starts an event."""
        self.event += 1
        proton = self.protons[self.event].tolist()
        self.primary = self.primaries[self.event]
        self.primary["eventID"] = self.first + self.event
        self.primary["fate"] = record.OTHER
        self.primary["beam_ekin"] = proton[-1]
        return proton

    def in_layer(self, step: Any) -> None:
        """Adds a step in a sensitive slab."""
        track = step.GetTrack()
        before = step.GetPreStepPoint()
        number = track.GetTrackID()
        layer = self.layer_of_slab[before.GetTouchable().GetCopyNumber()]
        if number == _PRIMARY_TRACK and layer < 3 and self.primary[f"ekin_layer{layer}"] < 0:
            self.primary[f"ekin_layer{layer}"] = before.GetKineticEnergy()
        energy = step.GetTotalEnergyDeposit()
        if energy <= 0:
            return
        pdg = track.GetDefinition().GetPDGEncoding()
        row = (self.event, number, track.GetParentID(), layer, pdg)
        sums = self.deposits.setdefault(row, [0.0, 0.0, 0.0, 0.0])
        start, end = before.GetPosition(), step.GetPostStepPoint().GetPosition()
        sums[0] += energy
        sums[1] += energy * (start.x + end.x)
        sums[2] += energy * (start.y + end.y)
        sums[3] += energy * (start.z + end.z)

    def in_shell(self, step: Any) -> None:
        """Notes the primary where it enters the shell: the first time before the phantom."""
        if step.GetTrack().GetTrackID() != _PRIMARY_TRACK:
            return
        point = step.GetPreStepPoint()
        face = "in" if self.primary["in_ekin"] < 0 else "out"
        self._note(f"{face}_", point.GetPosition())
        self._note(f"{face}_d", point.GetMomentumDirection())
        self.primary[f"{face}_ekin"] = point.GetKineticEnergy()

    def end_of_track(self, track: Any, *, inelastic: bool) -> None:
        """Notes where and how the primary ends."""
        if track.GetTrackID() != _PRIMARY_TRACK:
            return
        self._note("end_", track.GetPosition())
        if inelastic:
            self.primary["fate"] = record.INELASTIC
        elif track.GetKineticEnergy() <= 0:
            self.primary["fate"] = record.STOPPED
        elif track.GetNextVolume() is None:
            self.primary["fate"] = record.LEFT

    def _note(self, prefix: str, vector: Any) -> None:
        for axis in "xyz":
            self.primary[prefix + axis] = getattr(vector, axis)

    def end(self) -> record.Chunk:
        """Returns all rows of the block."""
        hits = np.zeros(len(self.deposits), record.HIT)
        if len(hits):
            event, track, parent, layer, pdg = np.array(list(self.deposits)).T
            energy, *moments = np.array(list(self.deposits.values())).T
            hits["edep"] = energy
            for name, moment in zip(("posX", "posY", "posZ"), moments, strict=True):
                hits[name] = 0.5 * moment / energy
            hits["eventID"] = self.first + event
            hits["trackID"], hits["parentID"], hits["pdg"] = track, parent, pdg
            record.number_volumes(hits, layer)
        return record.Chunk(hits, self.primaries)


def make_sensitive_detectors(g4: Any, scores: Scores) -> tuple[Any, Any]:
    """Returns Geant4's sensitive detectors for the layers and for the shell of the phantom."""

    class Layers(g4.G4VSensitiveDetector):
        def ProcessHits(self, step: Any, history: Any) -> bool:
            scores.in_layer(step)
            return True

    class Shell(g4.G4VSensitiveDetector):
        def ProcessHits(self, step: Any, history: Any) -> bool:
            if step.IsFirstStepInVolume():
                scores.in_shell(step)
            return True

    return Layers("layers"), Shell("shell")


def make_actions(g4: Any, scores: Scores) -> Any:
    """Returns Geant4's user actions, for `G4RunManager.SetUserInitialization`."""

    class Gun(g4.G4VUserPrimaryGeneratorAction):
        def __init__(self) -> None:
            super().__init__()
            self.gun = g4.G4ParticleGun(1)
            self.gun.SetParticleDefinition(g4.G4Proton.Proton())

        def GeneratePrimaries(self, event: Any) -> None:
            x, y, z, dx, dy, dz, energy = scores.next_proton()
            self.gun.SetParticlePosition(g4.G4ThreeVector(x, y, z))
            self.gun.SetParticleMomentumDirection(g4.G4ThreeVector(dx, dy, dz))
            self.gun.SetParticleEnergy(energy)
            self.gun.GeneratePrimaryVertex(event)

    class Tracks(g4.G4UserTrackingAction):
        def PostUserTrackingAction(self, track: Any) -> None:
            process = track.GetStep().GetPostStepPoint().GetProcessDefinedStep()
            inelastic = process is not None and process.GetProcessName() == "protonInelastic"
            scores.end_of_track(track, inelastic=inelastic)

    class Actions(g4.G4VUserActionInitialization):
        def Build(self) -> None:
            self.kept = (Gun(), Tracks())
            for action in self.kept:
                self.SetUserAction(action)

    return Actions()
