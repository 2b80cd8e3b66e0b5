"""How much a particle grows in humid air: κ-Köhler theory."""

from trackscape.emulation.m7.elementary import (
    Value,
    at_least,
    at_most,
    cube_root,
    exp,
    formula,
    some,
)

SURFACE_TENSION, MOLAR_WATER, GAS_CONSTANT_SI, DENSITY_WATER = 0.072, 0.018015, 8.314472, 1000.0
"""In SI units."""
LEAST_KAPPA, LARGEST_KAPPA = 0.04, 1.12
"""M7 clips κ; so soluble modes of soot or dust alone take up some water."""


@formula
def growth_factor(radius: Value, temperature: Value, humidity: Value, kappa: Value) -> Value:
    """Returns wet over dry radius g for a dry radius in m, K, a relative humidity and κ.

    Solves RH exp(-A / (r g)) = (g³ - 1) / (g³ - 1 + κ), A = 2 σ M / (R T ρ), to rounding error by
    Newton's method from above. As in M7, arguments are clipped to the range of its table: radii
    from 0.5 nm to 2 µm, 218 to 318 K, RH from 0.30 to 0.995 and κ from 0.04 to 1.12.

    References:
        Petters and Kreidenweis, Atmos. Chem. Phys. 7 (2007) 1961.
    """
    radius = at_most(at_least(radius, 5e-10), 2e-6)
    temperature = at_most(at_least(temperature, 218.0), 318.0)
    humidity = at_most(at_least(humidity, 0.30), 0.995)
    kappa = at_most(at_least(kappa, LEAST_KAPPA), LARGEST_KAPPA)
    length = 2 * SURFACE_TENSION * MOLAR_WATER / (GAS_CONSTANT_SI * DENSITY_WATER) / temperature
    kelvin = length / radius
    above = 1 + kappa * humidity / (3 * (1 - humidity))
    activity = humidity * exp(-kelvin / above)
    g = cube_root(1 + kappa * activity / (1 - activity))
    for _ in range(8):
        activity = humidity * exp(-kelvin / g)
        excess = (g * g * g - 1) * (1 - activity) - kappa * activity
        slope = 3 * g * g * (1 - activity) - activity * kelvin / (g * g) * (g * g * g - 1 + kappa)
        change = excess / slope
        g = g - change
        if not some((change > 1e-9) | (change < -1e-9)):
            break  # the next change would be about its square
    return at_least(g, 1.0)
