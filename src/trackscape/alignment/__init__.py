"""Unlabelled frames -> where the layers of the detector are -> hits of a perfect detector."""

from trackscape.alignment.expectation import evidence as evidence
from trackscape.alignment.files import read_alignment as read_alignment
from trackscape.alignment.files import write_alignment as write_alignment
from trackscape.alignment.fit import fit_alignment as fit_alignment
from trackscape.alignment.fit import start_alignment as start_alignment
from trackscape.alignment.layers import WEAK_MODES as WEAK_MODES
from trackscape.alignment.layers import LayerAlignment as LayerAlignment
from trackscape.alignment.layers import align_hits as align_hits
from trackscape.alignment.layers import displace_hits as displace_hits
from trackscape.alignment.layers import displacements as displacements
from trackscape.alignment.layers import no_alignment as no_alignment
from trackscape.alignment.solution import free_of_weak_modes as free_of_weak_modes
from trackscape.alignment.straight_lines import fit_straight_lines as fit_straight_lines
