import copy
import dataclasses
import enum
import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from trackscape.landscape.fingerprint import code_of, fingerprint


@dataclasses.dataclass
class Thing:
    value: torch.Tensor
    name: str = "a"


class Plain:
    def __init__(self, value: int) -> None:
        self.value = value


def function(x: int) -> int:
    return x


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def remembering(value: object):
    def inner(x: int) -> object:
        return value

    return inner


def with_default(value: int):
    def inner(x: int = value) -> int:
        return x

    return inner


class Holder:
    """Has a method whose result depends on what it holds."""

    def __init__(self, value: int) -> None:
        self.value = value

    def method(self) -> int:
        return self.value


THINGS = [
    1,
    1.0,
    "1",
    None,
    [1],
    (1,),
    [[1], []],
    [[], [1]],
    {"a": 1},
    {"a": 2},
    torch.zeros(2),
    torch.zeros(2).double(),
    torch.zeros(1, 2),
    np.zeros(2),
    Thing(torch.zeros(2)),
    Thing(torch.ones(2)),
    Plain(1),
    Plain(2),
    function,
    functools.partial(function, 1),
    functools.partial(function, 2),
    functools.partial(function, x=1),
    {"a", "b"},
    {"a", "c"},
    frozenset({"a", "b"}),
    {"a": {"b", "c"}},
    Colour.RED,
    Colour.BLUE,
    Path("a"),
    Path("b"),
    np.float32(1),
    np.float64(1),
    np.array([{"a"}, None], dtype=object),
    remembering(1),
    remembering(2),
    with_default(1),
    with_default(2),
    Holder(1).method,
    Holder(2).method,
    torch.zeros(2).bfloat16(),
    torch.eye(2).to_sparse(),
    2 * torch.eye(2).to_sparse(),
    torch.tensor([1 + 1j]),
    torch.tensor([1 + 1j]).conj(),
    torch.zeros(2, device="meta"),
    Colour,
    range(2),
    torch.relu,
    nn.functional.relu,
]


def test_different_things_have_different_digests():
    assert len({fingerprint(thing) for thing in THINGS}) == len(THINGS)


@pytest.mark.parametrize("thing", THINGS, ids=range(len(THINGS)))
def test_a_copy_has_the_same_digest(thing):
    assert fingerprint(copy.deepcopy(thing)) == fingerprint(thing)


def test_weights_buffers_and_settings_of_a_module_count_but_not_its_mode():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LeakyReLU(0.1))
    digest = fingerprint(model)
    assert fingerprint(copy.deepcopy(model).eval()) == digest
    for change in (
        lambda m: nn.init.zeros_(m[0].bias),
        lambda m: m[1].running_mean.add_(1),
        lambda m: setattr(m[2], "negative_slope", 0.2),
    ):
        other = copy.deepcopy(model)
        change(other)
        assert fingerprint(other) != digest


def test_the_code_of_a_package_counts(tmp_path, monkeypatch):
    package = tmp_path / "somewhere"
    package.mkdir()
    (package / "__init__.py").write_text("from somewhere.part import f\n")
    (package / "part.py").write_text("def f(): return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import somewhere  # type: ignore

    before = code_of(somewhere.f)
    assert code_of(functools.partial(somewhere.f)) == before
    (package / "other.py").write_text("x = 1\n")
    assert code_of(somewhere.f) != before


def test_order_counts_where_python_says_so():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint([1, 2]) != fingerprint([2, 1])


def test_what_contains_itself_has_a_digest():
    thing: list[object] = [1]
    thing.append(thing)
    assert fingerprint(thing) == fingerprint(copy.deepcopy(thing))


def test_what_cannot_be_saved_counts_by_its_type(tmp_path):
    (tmp_path / "a").touch()
    with (tmp_path / "a").open() as one, (tmp_path / "a").open() as other:
        assert fingerprint(Plain(one)) == fingerprint(Plain(other))


def test_settings_of_any_plain_kind_count_and_kept_activations_do_not():
    model = nn.Linear(2, 2)
    digest = fingerprint(model)
    model.hidden = [torch.ones(2)]
    model.found = torch.ones(2)
    assert fingerprint(model) == digest
    for value in ({"a"}, torch.relu, Colour.RED, Path("a"), None, ["a"]):
        model.setting = value
        assert fingerprint(model) != digest


WORK = """
import enum, functools, pathlib, torch
import numpy as np
from torch import nn
from trackscape.landscape.fingerprint import fingerprint
from trackscape.landscape.problem import Problem

names = {"bias", "norm", "head", "weight"}
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
model.without, model.table = names, {name: {name, "x"} for name in names}
class Kind(enum.Enum):
    A = "a"
class Penalty:
    def __init__(self):
        self.names, self.kind, self.file = frozenset(names), Kind.A, pathlib.Path("a")
    def loss(self, model, batch): return model(batch).mean() if "a" in {"a", "b", "c"} else 0.0
def closing():
    return lambda model, batch: model(batch).mean() * len(names) if batch in ({"a", "b"},) else 1.0
for objective in (
    functools.partial(Penalty.loss, Penalty()),
    Penalty().loss,
    closing(),
    functools.partial(closing(), without=names, also=[names, (names, {"k": names})]),
):
    batches = [{"x": names, "y": np.float32(1), "z": np.array([names], dtype=object)}, names]
    print(Problem(model, batches, objective).fingerprint)
print(fingerprint(dict.fromkeys(names), names, [frozenset([frozenset(names)])]))
"""


def test_the_same_work_has_the_same_digest_in_every_process():
    said = [
        subprocess.run(
            [sys.executable, "-c", WORK],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(set(said[0])) == 5
