"""Box models -> networks that cannot break a conservation law nor fall below zero."""

from trackscape.emulation.conservation import Conserved as Conserved
from trackscape.emulation.conservation import check_conserved as check_conserved
from trackscape.emulation.conservation import mass_violation as mass_violation
from trackscape.emulation.conservation import total_after as total_after
