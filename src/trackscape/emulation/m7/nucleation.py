"""New particles of sulphuric acid and water, and of organics in the boundary layer."""

import numpy as np

from trackscape.emulation.m7 import constants as c
from trackscape.emulation.m7.columns import (
    CLOUD,
    FIRST_MASS,
    FOREST,
    GAS,
    NS,
    PBL,
    RH,
    T,
)
from trackscape.emulation.m7.elementary import (
    CellRows,
    Value,
    at_least,
    at_most,
    exp,
    formula,
    log,
    where,
)

# CellRows 1, L, L², L³, A, LA, L²A, A², LA², A³; columns 1, T, T², T³, 1/x.
# fmt: off
_RATE = np.array([
    [0.1430901615568665, 2.219563673425199, -0.02739106114964264,
     7.228107239317088e-5, 5.91822263375044],
    [0.1174886643003278, 0.4625315047693772, -0.01180591129059253,
     4.04196487152575e-5, 15.79628615047088],
    [-0.215553951893509, -0.0810269192332194, 0.001435808434184642,
     -4.775796947178588e-6, -2.912974063702185],
    [-3.588557942822751, 0.04950795302831703, -0.0002138195118737068,
     3.108005107949533e-7, -0.02933332747098296],
    [1.145983818561277, -0.6007956227856778, 0.00864244733283759,
     -2.289467254710888e-5, -8.44984513869014],
    [2.158548369286559, 0.0808121412840917, -0.0004073815255395214,
     -4.019572560156515e-7, 0.7213255852557236],
    [1.62409850488771, -0.01601062035325362, 3.771238979714162e-5,
     3.217942606371182e-8, -0.01132550810022116],
    [9.71681713056504, -0.1150478558347306, 0.0001570982486038294,
     4.009144680125015e-7, 0.7118597859976135],
    [-1.056105824379897, 0.00903377584628419, -1.984167387090606e-5,
     2.460478196482179e-8, -0.05790872906645181],
    [-0.1487119673397459, 0.002835082097822667, -9.24618825471694e-6,
     5.004267665960894e-9, -0.01270805101481648],
])
_MOLECULES = np.array([
    [-0.002954125078716302, -0.0976834264241286, 0.001024847927067835,
     -2.186459697726116e-6, -0.1017165718716887],
    [-0.002050640345231486, -0.007585041382707174, 0.0001926539658089536,
     -6.70429719683894e-7, -0.2557744774673163],
    [0.003223076552477191, 0.000852636632240633, -1.547571354871789e-5,
     5.666608424980593e-8, 0.03384437400744206],
    [0.04743226764572505, -0.0006251042204583412, 2.650663328519478e-6,
     -3.674710848763778e-9, -0.0002672510825259393],
    [-0.01252108546759328, 0.005806550506277202, -0.0001016735312443444,
     2.881946187214505e-7, 0.0942243379396279],
    [-0.0385459592773097, -0.0006723156277391984, 2.602884877659698e-6,
     1.194163699688297e-8, -0.00851515345806281],
    [-0.01837488495738111, 0.0001720723574407498, -3.717657974086814e-7,
     -5.148746022615196e-10, 0.0002686602132926594],
    [-0.06199739728812199, 0.000906958053583576, -9.11727926129757e-7,
     -5.367963396508457e-9, -0.007742343393937707],
    [0.0121827103101659, -0.0001066499571188091, 2.534598655067518e-7,
     -3.635186504599571e-10, 0.0006100650851863252],
    [0.0003201836700403512, -1.74761713262546e-5, 6.065037668052182e-8,
     -1.421771723004557e-11, 0.0001357509859501723],
])
# fmt: on
FEWEST_MOLECULES = 4.0
"""The fit holds for critical clusters of so many molecules and more; below there is no rate."""


@formula
def _fit(table: np.ndarray, t: Value, x: Value, L: Value, A: Value) -> Value:
    total = 0 * t
    factors = (1.0, L, L * L, L * L * L, A, L * A, L * L * A, A * A, L * A * A, A * A * A)
    for row in range(10):
        k = table[row]
        total = total + factors[row] * (k[0] + t * (k[1] + t * (k[2] + t * k[3])) + k[4] / x)
    return total


@formula
def binary_nucleation(
    temperature: Value, humidity: Value, gas: Value
) -> tuple[Value, Value, Value, Value]:
    """Returns the rate of H2SO4 and water in 1/cm³/s, and what a critical cluster is like.

    That is: molecules of H2SO4 in it, its share x of H2SO4, and molecules in all. Arguments are in
    K, relative, and in molecules/cm³, clipped to 190.15 to 300.15 K, 1e-4 to 1, and 1e4 to 1e11.
    Rates below 1e-7 are 0, those above 1e10 are 1e10.

    References:
        Vehkamäki et al., J. Geophys. Res. 107 (2002) 4622.
    """
    t = at_most(at_least(temperature, 190.15), 300.15)
    L = log(at_most(at_least(humidity, 1e-4), 1.0))
    A = log(at_most(at_least(gas, 1e4), 1e11))
    x = 0.7409967177282139 - 0.002663785665140117 * t + 0.002010478847383187 * L
    x = x - 0.0001832894131464668 * t * L + 0.001574072538464286 * L * L
    x = x - 1.790589121766952e-5 * t * L * L + 0.0001844027436573778 * L * L * L
    x = x - 1.503452308794887e-6 * t * L * L * L
    x = x - 0.003499978417957668 * A + 5.04021689382576e-5 * t * A
    logarithm = at_most(_fit(_RATE, t, x, L, A), 30.0)
    molecules = exp(at_most(_fit(_MOLECULES, t, x, L, A), 30.0))
    rate = at_most(exp(logarithm), 1e10)
    happens = (rate >= 1e-7) & (molecules >= FEWEST_MOLECULES)
    return where(happens, rate, 0.0), molecules * x, x, molecules


@formula
def organic_rate(forcing: CellRows, gas: Value, boundary_layer: int) -> Value:
    """Returns the rate in 1/cm³/s over forest: 1 by activation, 2 kinetic.

    References:
        Kulmala, Lehtinen and Laaksonen, Atmos. Chem. Phys. 6 (2006) 787.
        Kuang et al., J. Geophys. Res. 113 (2008) D10209.
    """
    where_forest = where(forcing[PBL] > 0.5, forcing[FOREST], 0.0)
    if boundary_layer == 1:
        return 1e-6 * gas * where_forest
    if boundary_layer == 2:
        return 3.86e-13 * gas * gas * where_forest
    return 0.0 * gas


@formula
def clear_gas(state: CellRows, forcing: CellRows) -> Value:
    """Returns H2SO4 in the clear part of a cell in molecules/cm³, 0 under a closed cloud."""
    clear = 1 - forcing[CLOUD]
    is_open = clear > 0
    return where(is_open, state[GAS], 0.0) / where(is_open, clear, 1.0)


@formula
def nucleate(
    state: CellRows,
    forcing: CellRows,
    total: Value,
    dt: float,
    binary: bool,
    boundary_layer: int,
    given: Value,
    given_molecules: Value,
) -> Value:
    """Moves gas into the nucleation mode and returns the number of new particles in 1/cm³.

    They are no part of the mode before coagulation. The given rate and molecules in a cluster are
    added to those that are worked out here.
    """
    gas = clear_gas(state, forcing)
    rate, taken = given, given * given_molecules
    if binary:
        found, molecules, _, _ = binary_nucleation(forcing[T], forcing[RH], gas)
        rate, taken = rate + found, taken + found * molecules
    if boundary_layer > 0:
        found = organic_rate(forcing, gas, boundary_layer)
        rate, taken = rate + found, taken + boundary_layer * found
    happens = (rate > c.EPSILON) & (taken > 0)
    loss = at_most(dt * taken / (1 + dt * total), gas)
    amount = where(happens, loss * (1 - forcing[CLOUD]), 0.0)
    amount = at_most(amount, state[GAS])
    state[GAS] = state[GAS] - amount
    state[FIRST_MASS + NS] = state[FIRST_MASS + NS] + amount
    return amount * where(happens, rate, 0.0) / where(happens, taken, 1.0)
