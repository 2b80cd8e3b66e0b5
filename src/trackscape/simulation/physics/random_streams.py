"""One independent stream of random numbers for each primary, inside of compiled code.

A stream is xoshiro256++ (Blackman and Vigna, ACM Trans. Math. Softw. 47:36, 2021), seeded by
splitmix64 from the seed of the simulation and the number of the primary. So no result depends on
who is simulated when, or on how many threads.
"""

import math

import numpy as np

from trackscape.compiled import compiled, inlined

Stream = np.ndarray
"""State of a stream, (4,) uint64; every draw changes it."""


@compiled
def open_stream(seed: int, number: int, stream: Stream) -> None:
    """Sets `stream` to the beginning of stream `number` of a seed."""
    state = _mix(np.uint64(seed)) ^ np.uint64(number)
    for i in range(4):
        state += np.uint64(0x9E3779B97F4A7C15)
        stream[i] = _mix(state)


@inlined
def _mix(value: np.uint64) -> np.uint64:
    # The output function of splitmix64.
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@inlined
def _rotate(value: np.uint64, bits: int) -> np.uint64:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@inlined
def next_bits(stream: Stream) -> np.uint64:
    """Returns 64 random bits."""
    result = _rotate(stream[0] + stream[3], 23) + stream[0]
    shifted = stream[1] << np.uint64(17)
    stream[2] ^= stream[0]
    stream[3] ^= stream[1]
    stream[1] ^= stream[2]
    stream[0] ^= stream[3]
    stream[2] ^= shifted
    stream[3] = _rotate(stream[3], 45)
    return result


@inlined
def uniform(stream: Stream) -> float:
    """Returns a number in (0, 1), never 0 or 1, so that its logarithm is finite."""
    return (float(next_bits(stream) >> np.uint64(12)) + 0.5) * 2.0**-52


@inlined
def _in_disc(stream: Stream) -> tuple[float, float, float]:
    while True:
        u = 2.0 * uniform(stream) - 1.0
        v = 2.0 * uniform(stream) - 1.0
        s = u * u + v * v
        if 0.0 < s < 1.0:
            return u, v, s


@inlined
def normals(stream: Stream) -> tuple[float, float]:
    """Returns two independent standard normal numbers (Marsaglia's polar method)."""
    u, v, s = _in_disc(stream)
    factor = math.sqrt(-2.0 * math.log(s) / s)
    return u * factor, v * factor


@inlined
def on_circle(stream: Stream) -> tuple[float, float]:
    """Returns cosine and sine of a uniform angle, without computing either."""
    u, v, s = _in_disc(stream)
    factor = 1.0 / math.sqrt(s)
    return u * factor, v * factor


@inlined
def normal(stream: Stream) -> float:
    """Returns a standard normal number."""
    return normals(stream)[0]


@compiled
def poisson(stream: Stream, mean: float) -> int:
    """Returns a Poisson number: exact up to a mean of 30, a rounded normal number above."""
    if mean > 30.0:
        return max(0, math.floor(mean + math.sqrt(mean) * normal(stream) + 0.5))
    limit = math.exp(-mean)
    product = uniform(stream)
    count = 0
    while product > limit:
        product *= uniform(stream)
        count += 1
    return count
