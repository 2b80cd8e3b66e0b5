import copy
import dataclasses
import functools

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
]


def test_different_things_have_different_digests():
    assert len({fingerprint(thing) for thing in THINGS}) == len(THINGS)


@pytest.mark.parametrize("thing", THINGS, ids=str)
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
