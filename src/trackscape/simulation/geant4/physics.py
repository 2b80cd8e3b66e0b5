"""What the particles do: QGSP_BIC_EMZ with Geant4's data sets, and as near as one gets without."""
# ruff: noqa: N802 (Geant4 names the methods that it calls)

from typing import Any

LIST_WITH_DATA = "QGSP_BIC_EMZ"
LIST_WITHOUT_DATA = (
    "QGSP_BIC + G4EmStandardPhysics with the hadron steps of option 4, "
    "without the processes that need data files"
)
TRACKED_ABOVE = 0.03
"""Energy in MeV below which photons and neutrons are stopped: nothing is left to absorb them."""

_RADIATION = {"phot", "Rayl", "eBrem", "ePairProd", "hBrems", "hPairProd", "muBrems", "muPairProd"}
_NEEDS_DATA = _RADIATION | {"nCapture", "nCaptureXS"}
_KEEPS_HADRONIC = {"proton", "neutron", "deuteron", "triton", "He3", "alpha", "GenericIon"}


def geant4_version(g4: Any) -> str:
    """Returns what Geant4 calls itself, such as ``geant4-11-04-patch-01 [MT]``."""
    return g4.G4Version.strip("$").removeprefix("Name: ")


def make_physics_list(g4: Any, *, data_free: bool) -> Any:
    """Returns a Geant4 physics list, for `G4RunManager.SetUserInitialization`."""
    if not data_free:
        return g4.G4PhysListFactory().GetReferencePhysList(LIST_WITH_DATA)
    # The commands of the de-excitation exist only once an object of this class was made.
    commands = g4.G4RadioactiveDecayPhysics()
    # The default inverse cross sections of the pre-compound model would be read from files.
    g4.G4UImanager.GetUIpointer().ApplyCommand("/process/had/deex/TypeXS PRECO Kalbach")
    return _data_free_list(g4, keep=[commands])


def _data_free_list(g4: Any, *, keep: list[Any]) -> Any:
    class DataFreeList(g4.G4VModularPhysicsList):
        def __init__(self) -> None:
            super().__init__()
            self.SetVerboseLevel(0)
            self.kept = [  # what Python lets go of, Geant4 loses
                *keep,
                g4.G4EmStandardPhysics(),
                g4.G4HadronElasticPhysics(),
                g4.G4HadronPhysicsQGSP_BIC(),
                g4.G4IonPhysics(),
                g4.G4DecayPhysics(),
                g4.G4StepLimiterPhysics(),
            ]
            for constructor in self.kept[len(keep) :]:
                self.RegisterPhysics(constructor)
            _set_steps(g4)

        def ConstructProcess(self) -> None:
            super().ConstructProcess()
            self.kept += _remove_processes(g4)

    return DataFreeList()


def _set_steps(g4: Any) -> None:
    """Sets steps of hadrons and ions as in option 4 of the electromagnetic physics."""
    parameters = g4.G4EmParameters.Instance()
    parameters.SetVerbose(0)
    parameters.SetGeneralProcessActive(False)  # else photons have one process that is all of them
    parameters.SetMinEnergy(100 * g4.eV)
    parameters.SetLowestElectronEnergy(100 * g4.eV)
    parameters.SetNumberOfBinsPerDecade(20)
    parameters.ActivateAngularGeneratorForIonisation(True)
    parameters.SetStepFunctionMuHad(0.1, 50 * g4.um)
    parameters.SetStepFunctionLightIons(0.1, 20 * g4.um)
    parameters.SetStepFunctionIons(0.1, 1 * g4.um)
    parameters.SetMuHadLateralDisplacement(True)
    parameters.SetMaxNIELEnergy(1 * g4.MeV)


def _remove_processes(g4: Any) -> list[Any]:
    """Takes away what needs data files; returns the processes, which must stay referenced."""
    removed: list[Any] = []
    table = g4.G4ParticleTable.GetParticleTable()
    for particle in map(table.GetParticle, range(table.size())):
        manager = particle.GetProcessManager()
        if manager is None:
            continue
        for process in manager.GetProcessList():
            hadronic = process.GetProcessType() == g4.fHadronic
            if _unwanted(particle.GetParticleName(), process.GetProcessName(), hadronic):
                removed.append(manager.RemoveProcess(process))
    return removed


def _unwanted(particle: str, process: str, hadronic: bool) -> bool:
    if hadronic and particle not in _KEEPS_HADRONIC:
        return True
    if process == "UserSpecialCut":  # the least energy of `TRACKED_ABOVE`
        return particle not in ("gamma", "neutron")
    return process in _NEEDS_DATA or process == "StepLimiter"
