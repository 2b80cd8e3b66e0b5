"""Box models -> networks that cannot break a conservation law nor fall below zero."""

from trackscape.emulation.conservation import Conserved as Conserved
from trackscape.emulation.conservation import check_conserved as check_conserved
from trackscape.emulation.conservation import mass_violation as mass_violation
from trackscape.emulation.conservation import total_after as total_after
from trackscape.emulation.constraints import add_sources as add_sources
from trackscape.emulation.constraints import limited_shares as limited_shares
from trackscape.emulation.constraints import move_fluxes as move_fluxes
from trackscape.emulation.constraints import project_onto_simplex as project_onto_simplex
from trackscape.emulation.constraints import renormalise as renormalise
from trackscape.emulation.constraints import replace_groups as replace_groups
from trackscape.emulation.published import MASS_WEIGHTS as MASS_WEIGHTS
from trackscape.emulation.published import POSITIVITY_WEIGHTS as POSITIVITY_WEIGHTS
from trackscape.emulation.published import complete as complete
from trackscape.emulation.published import correct as correct
from trackscape.emulation.published import mass_loss as mass_loss
from trackscape.emulation.published import positivity_loss as positivity_loss
from trackscape.emulation.windows import Windows as Windows
from trackscape.emulation.windows import follow_model as follow_model
from trackscape.emulation.windows import in_chunks as in_chunks
from trackscape.emulation.windows import joined as joined
from trackscape.emulation.windows import read_windows as read_windows
from trackscape.emulation.windows import write_windows as write_windows
