"""Ask and tell: good points, same sequences, and whatever goes wrong."""

import json
import math

import numpy as np
import pytest

from trackscape.errors import ConfigError, DataError, FormatError
from trackscape.tuning import Categorical, Condition, Float, Integer, Optimizer

UNIT = {"x": Float(low=0.0, high=1.0), "y": Float(low=0.0, high=1.0)}


def branin(values) -> float:
    """Smallest value 0.397887 at three points."""
    x, y = 15 * values["x"] - 5, 15 * values["y"]
    curve = y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6
    return curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def tune(optimizer: Optimizer, function, trials: int, *, batch: int = 1) -> list[dict]:
    asked: list[dict] = []
    while len(asked) < trials:
        new = optimizer.ask(batch)
        for values in new:
            optimizer.tell(values, function(values))
        asked += new
    return asked


@pytest.mark.parametrize("acquisition", ["log-ei", "ucb", "thompson"])
def test_it_finds_the_bottom(acquisition):
    optimizer = Optimizer(UNIT, seed=1, acquisition=acquisition)
    tune(optimizer, branin, 50)
    assert optimizer.best.value < 0.41


@pytest.mark.parametrize("batches", ["believer", "maxima"])
def test_batches_are_distinct_and_find_it_too(batches):
    optimizer = Optimizer(UNIT, seed=1, batches=batches)
    tune(optimizer, branin, 20)
    asked = [tuple(each.values()) for each in optimizer.ask(4)]
    apart = [math.dist(a, b) for a in asked for b in asked if a < b]
    assert min(apart) > 1e-3
    for each in list(optimizer.under_way):
        optimizer.tell(each, branin(each))
    tune(optimizer, branin, 28, batch=4)
    assert optimizer.best.value < 0.45


def test_a_boundary_optimum():
    optimizer = Optimizer(UNIT, seed=0)
    tune(optimizer, lambda v: v["x"] - 2 * v["y"], 25)
    assert optimizer.best.value == pytest.approx(-2, abs=1e-6)


def test_a_mixed_space():
    space = {
        "kind": Categorical(choices=("a", "b", "c")),
        "layers": Integer(low=1, high=9),
        "rate": Float(low=1e-5, high=1.0, log=True),
        "beta": Float(low=0.0, high=1.0, when=Condition("kind", ("b",))),
    }

    def value(values):
        extra = (values["beta"] - 0.7) ** 2 if values["kind"] == "b" else 0.5
        rate = (math.log10(values["rate"]) + 2) ** 2
        return extra + 0.1 * abs(values["layers"] - 4) + rate

    optimizer = Optimizer(space, seed=0)
    tune(optimizer, value, 45)
    assert optimizer.best.values["kind"] == "b"
    assert optimizer.best.values["layers"] == 4
    assert optimizer.best.value < 0.02


def test_equal_seeds_give_equal_sequences_and_others_others():
    one, same = (tune(Optimizer(UNIT, seed=3), branin, 16) for _ in range(2))
    assert one == same
    assert one != tune(Optimizer(UNIT, seed=4), branin, 16)


def test_a_lag_of_one_is_the_classical_way():
    lag = tune(Optimizer(UNIT, seed=0, refits="lag:1"), branin, 18)
    assert lag == tune(Optimizer(UNIT, seed=0, refits="every"), branin, 18)


@pytest.mark.parametrize("trials", [0, 5, 17])
def test_a_snapshot_continues_the_same_sequence(tmp_path, trials):
    optimizer = Optimizer(UNIT, seed=2, refits="geometric:1.3")
    tune(optimizer, branin, trials)
    optimizer.ask(2)
    optimizer.save(tmp_path / "snapshot.json")
    again = Optimizer.load(tmp_path / "snapshot.json")
    assert again.under_way == optimizer.under_way
    for each in list(optimizer.under_way):
        for one in (optimizer, again):
            one.tell(each, branin(each))
    assert tune(again, branin, 8) == tune(optimizer, branin, 8)
    assert again.told == optimizer.told


def test_a_damaged_snapshot(tmp_path):
    path = tmp_path / "snapshot.json"
    Optimizer(UNIT).save(path)
    content = json.loads(path.read_text())
    damages = [
        "", "[]", "3", "{}",
        json.dumps(content | {"kind": "other"}),
        json.dumps(content | {"space": {}}),
        json.dumps(content | {"told": [[{"x": 7.0, "y": 0.0}, "1.0"]], "counted": [1.0]}),
        json.dumps(content | {"settings": {"seed": "a"}}),
    ]  # fmt: skip
    for damaged in damages:
        path.write_text(damaged)
        with pytest.raises(FormatError, match="expected a snapshot"):
            Optimizer.load(path)
    with pytest.raises(FormatError, match="expected a snapshot"):
        Optimizer.load(tmp_path / "missing.json")


def test_values_in_any_order():
    """What is known, not when it came, decides the process, but for rounding and refits."""
    orders = [list(range(12)), list(range(12))[::-1]]
    points = [dict(zip("xy", p, strict=True)) for p in np.random.default_rng(0).random((12, 2))]
    found = []
    for order in orders:
        optimizer = Optimizer(UNIT, refits="never", first=12)
        for place in order:
            optimizer.tell(points[place], branin(points[place]))
        found.append(optimizer.predict([*points[:4], {"x": 0.5, "y": 0.5}]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_failures_count_as_the_worst_and_are_not_tried_again(bad):
    optimizer = Optimizer(UNIT, seed=0)
    asked = tune(optimizer, lambda v: bad if v["x"] > 0.5 else branin(v), 30)
    assert math.isfinite(optimizer.best.value)
    assert optimizer.best.values["x"] <= 0.5
    assert len({tuple(each.values()) for each in asked}) > 25


@pytest.mark.parametrize(
    "function",
    [
        lambda v: 1.0,
        lambda v: math.nan,
        lambda v: 1e300 * (v["x"] - 0.5),
        lambda v: 1e300 * v["x"],
        lambda v: 1e-300 * v["x"],
        lambda v: round(4 * v["x"]),
        lambda v: v["x"] + float(np.random.default_rng(int(1e9 * v["y"])).standard_normal()),
    ],
    ids=["constant", "nothing", "huge", "huge and 0", "tiny", "steps", "noise"],
)
def test_odd_objectives(function):
    asked = tune(Optimizer(UNIT, seed=0), function, 25)
    assert all(0 <= value <= 1 for each in asked for value in each.values())


def test_the_same_point_again_and_again():
    optimizer = Optimizer(UNIT, seed=0)
    tune(optimizer, branin, 12)
    for noise in range(20):
        optimizer.tell({"x": 0.5, "y": 0.5}, branin({"x": 0.5, "y": 0.5}) + 0.01 * noise)
    mean, deviation = optimizer.predict([{"x": 0.5, "y": 0.5}])
    assert np.isfinite([*mean, *deviation]).all()
    optimizer.ask()


@pytest.mark.parametrize("inputs", [1, 50])
def test_few_and_many_inputs(inputs):
    space = {f"x{number}": Float(low=-1.0, high=1.0) for number in range(inputs)}
    optimizer = Optimizer(space, seed=0)
    tune(optimizer, lambda v: sum((x - 0.2) ** 2 for x in v.values()), 30)
    first = min(each.value for each in optimizer.told[:10])
    assert optimizer.best.value < 0.7 * first


def test_a_space_with_one_point_and_one_with_three():
    asked = tune(Optimizer({"x": Float(low=1.0, high=1.0)}), lambda v: v["x"], 14)
    assert {each["x"] for each in asked} == {1.0}
    optimizer = Optimizer({"k": Categorical(choices=(1, 2, 3))})
    tune(optimizer, lambda v: v["k"], 14)
    assert optimizer.best.values == {"k": 1}


def test_wrong_settings():
    for wrong in ({"acquisition": "ei"}, {"batches": "all"}, {"refits": "weekly"}, {"first": 1}):
        with pytest.raises(ConfigError, match="xpected"):
            Optimizer(UNIT, **wrong)
    with pytest.raises(DataError, match="none yet"):
        Optimizer(UNIT).best  # noqa: B018
    with pytest.raises(ConfigError, match="for the parameter y"):
        Optimizer(UNIT).tell({"x": 0.5}, 1.0)
    with pytest.raises(DataError, match="Expected a number as the value, got good"):
        Optimizer(UNIT).tell({"x": 0.5, "y": 0.5}, "good")
    with pytest.raises(ConfigError, match="1 trial or more to ask for, got 0"):
        Optimizer(UNIT).ask(0)
