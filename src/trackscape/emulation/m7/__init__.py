"""The aerosol microphysics M7: sulphate, soot, organics, sea salt and dust in seven modes."""

from trackscape.emulation.m7.columns import FORCING as FORCING
from trackscape.emulation.m7.columns import MASSES as MASSES
from trackscape.emulation.m7.columns import MODES as MODES
from trackscape.emulation.m7.columns import PUBLISHED as PUBLISHED
from trackscape.emulation.m7.columns import STATE as STATE
from trackscape.emulation.m7.columns import species as species
from trackscape.emulation.m7.data_set import m7_windows as m7_windows
from trackscape.emulation.m7.data_set import write_m7_data as write_m7_data
from trackscape.emulation.m7.model import M7 as M7
from trackscape.emulation.m7.model import Description as Description
from trackscape.emulation.m7.model import NucleationRate as NucleationRate
from trackscape.emulation.m7.regimes import DEVELOPMENT as DEVELOPMENT
from trackscape.emulation.m7.regimes import HELD_OUT as HELD_OUT
from trackscape.emulation.m7.regimes import REGIMES as REGIMES
from trackscape.emulation.m7.regimes import TRAINING as TRAINING
from trackscape.emulation.m7.regimes import Regime as Regime
from trackscape.emulation.m7.regimes import sample_states as sample_states
from trackscape.emulation.m7.stoichiometry import m7_system as m7_system
