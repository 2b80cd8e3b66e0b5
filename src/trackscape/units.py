"""Units of the library: lengths in mm, energies in MeV, angles in rad.

Multiply to read a number in, divide to write one out.

Example:
    >>> from trackscape.units import keV, um
    >>> threshold = 62.5 * keV
    >>> f"{threshold:.4f} MeV, {25 * um:.3f} mm"
    '0.0625 MeV, 0.025 mm'
"""

mm = 1.0
"""Millimetre, the unit of length."""
um = 1e-3 * mm
"""Micrometre."""
cm = 10.0 * mm
"""Centimetre."""

MeV = 1.0
"""Mega-electronvolt, the unit of energy."""
keV = 1e-3 * MeV
"""Kilo-electronvolt."""
GeV = 1e3 * MeV
"""Giga-electronvolt."""

rad = 1.0
"""Radian, the unit of angles."""
mrad = 1e-3 * rad
"""Milliradian."""
