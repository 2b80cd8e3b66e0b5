"""Parameters to points and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import ConfigError
from trackscape.tuning import (
    Categorical,
    Condition,
    Float,
    Integer,
    Space,
    space_as_dict,
    space_from_dict,
)

SPACE = Space(
    {
        "rate": Float(low=1e-4, high=1.0, log=True),
        "share": Float(low=0.0, high=1.0, step=0.25),
        "shift": Float(low=-2.0, high=3.0),
        "layers": Integer(low=1, high=6),
        "hidden": Integer(low=8, high=512, log=True),
        "kind": Categorical(choices=("adam", "soap", 3)),
        "beta": Float(low=0.0, high=1.0, when=Condition("kind", ("adam", "soap"))),
        "order": Categorical(choices=(1, 2), when=Condition("kind", ("soap",))),
    }
)
CUBE = st.lists(st.floats(0, 1), min_size=8, max_size=8)


@given(CUBE)
def test_there_and_back(cube):
    (point,) = SPACE.random(np.array([cube]))
    values = SPACE.values(point)
    assert SPACE.values(SPACE.point(values)) == pytest.approx(values)
    np.testing.assert_allclose(SPACE.point(values), point, rtol=0, atol=1e-12)
    assert ("beta" in values) == (values["kind"] != 3)
    assert ("order" in values) == (values["kind"] == "soap")
    assert values["share"] in (0, 0.25, 0.5, 0.75, 1)
    assert isinstance(values["layers"], int)
    assert 1 <= values["layers"] <= 6


def test_each_cell_of_a_grid_is_as_likely():
    cube = np.random.default_rng(0).random((2000, 8))
    found = [SPACE.values(point) for point in SPACE.random(cube)]
    for name, n in (("layers", 6), ("share", 5), ("kind", 3)):
        _, counts = np.unique([str(each[name]) for each in found], return_counts=True)
        assert len(counts) == n
        assert np.abs(counts - 2000 / n).max() < 5 * np.sqrt(2000 / n)


@given(CUBE)
def test_neighbours_differ_in_one_parameter_that_is_no_real_number(cube):
    (point,) = SPACE.random(np.array([cube]))
    here = SPACE.values(point)
    for neighbour in SPACE.neighbours(point):
        there = SPACE.values(neighbour)
        changed = [name for name in here if name in there and there[name] != here[name]]
        assert len(changed) == 1
        assert changed[0] not in ("rate", "shift", "beta")


def test_what_can_be_climbed_along():
    with_beta = SPACE.point(
        {"rate": 0.1, "share": 0.5, "shift": 0.0, "layers": 2, "hidden": 64, "kind": "adam",
         "beta": 0.1}
    )  # fmt: skip
    without = SPACE.point(
        {"rate": 0.1, "share": 0.5, "shift": 0.0, "layers": 2, "hidden": 64, "kind": 3}
    )
    movable = SPACE.movable(np.array([with_beta, without]))
    names = [list(SPACE.parameters)[number] for number in SPACE.columns]
    assert [n for n, m in zip(names, movable[0], strict=True) if m] == [
        "rate", "shift", "hidden", "beta"
    ]  # fmt: skip
    assert [n for n, m in zip(names, movable[1], strict=True) if m] == ["rate", "shift", "hidden"]


def test_different_choices_are_one_apart():
    points = [Space({"kind": Categorical(choices=tuple("abc"))}).point({"kind": k}) for k in "abc"]
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(1.0)


def test_dictionaries():
    content = {
        "rate": {"low": 1e-4, "high": 1.0, "log": True},
        "layers": {"low": 1, "high": 6},
        "kind": {"choices": ["a", "b"]},
        "beta": {"low": 0.0, "high": 1.0, "when": {"kind": ["a"]}},
    }
    space = space_from_dict(content)
    assert isinstance(space.parameters["layers"], Integer)
    assert isinstance(space.parameters["rate"], Float)
    assert space.parameters["beta"].when == Condition("kind", ("a",))
    assert space_from_dict(space_as_dict(space)).parameters == space.parameters
    assert space_from_dict(space_as_dict(SPACE)).parameters == SPACE.parameters


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "Expected names of parameters"),
        ({}, "got none"),
        ({"x": {"low": 1.0}}, "expected numbers low and high"),
        ({"x": {"low": 1.0, "high": "2"}}, "expected numbers low and high"),
        ({"x": {"low": 1.0, "high": 2.0, "sort": 1}}, "expected choices, high"),
        ({"x": {"low": 2.0, "high": 1.0}}, "low end is not above"),
        ({"x": {"low": 0.0, "high": 1.0, "log": True}}, "above 0"),
        ({"x": {"low": 0.0, "high": float("inf")}}, "finite"),
        ({"x": {"low": 0.0, "high": 1.0, "step": 0.0}}, "a step above 0"),
        ({"x": {"low": 1, "high": 9, "step": 2, "log": True}}, "no step in a logarithmic"),
        ({"x": {"choices": []}}, "one choice"),
        ({"x": {"low": 0.0, "high": 1.0, "when": {"y": [1]}}}, "a parameter before it"),
        ({"x": {"low": 0.0, "high": 1.0, "when": 3}}, "when: "),
    ],
)
def test_a_space_that_is_none(content, message):
    with pytest.raises(ConfigError, match=message):
        space_from_dict(content)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"rate": 0.1},
        {"rate": 2.0, "share": 0.5, "shift": 0.0, "layers": 2, "hidden": 64, "kind": 3},
        {"rate": 0.1, "share": 0.5, "shift": 0.0, "layers": 2, "hidden": 64, "kind": "x"},
        {"rate": 0.1, "share": 0.5, "shift": 0.0, "layers": 2, "hidden": 64, "kind": 3, "y": 0},
    ],
)
def test_parameters_that_are_none(values):
    with pytest.raises(ConfigError, match="xpected"):
        SPACE.point(values)
