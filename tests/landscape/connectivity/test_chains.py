"""Groups: what is read from a chain of layers, what stops it, and what is checked."""

import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import Group, Slot, chain_of, groups_of, join, permuted


def test_norm_layers_move_with_their_units() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Sequential(nn.Linear(3, 1)))
    [group] = groups_of(model)
    norm = ["weight", "bias", "running_mean", "running_var"]
    assert group.slots == (
        Slot("0.weight", 0), Slot("0.bias", 0), *(Slot(f"1.{name}", 0) for name in norm),
        Slot("2.0.weight", 1),
    )  # fmt: skip


def test_norm_layers_without_scale_and_layers_without_bias_have_fewer_tensors() -> None:
    norm = nn.BatchNorm1d(3, affine=False, track_running_stats=False)
    model = nn.Sequential(nn.Linear(2, 3, bias=False), norm, nn.Linear(3, 1))
    assert groups_of(model)[0].slots == (Slot("0.weight", 0), Slot("2.weight", 1))


def test_pixels_of_a_channel_move_together() -> None:
    model = nn.Sequential(nn.Conv1d(1, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 1))
    [group] = groups_of(model)
    assert group.slots[-1] == Slot("3.weight", 1, block=4)
    copy = permuted(model, [group], {"0": torch.tensor([2, 0, 1])})
    expected = model[3].weight.reshape(3, 4)[[2, 0, 1]].flatten()
    assert torch.equal(copy[3].weight[0], expected)


def test_an_activation_may_be_used_twice() -> None:
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(2, 3), act, nn.Linear(3, 4), act, nn.Linear(4, 1))
    assert [group.size for group in groups_of(model)] == [3, 4]


@pytest.mark.parametrize(
    ("between", "following"),
    [
        (nn.Softmax(dim=1), nn.Linear(6, 2)),
        (nn.GLU(), nn.Linear(3, 2)),
        (nn.PReLU(6), nn.Linear(6, 2)),
        (nn.MaxPool1d(2), nn.Linear(3, 2)),
        (nn.Unflatten(1, (2, 3)), nn.Linear(3, 2)),
        (nn.GroupNorm(2, 6), nn.Linear(6, 2)),
    ],
)
def test_layers_that_may_mix_units_are_named(between: nn.Module, following: nn.Module) -> None:
    with pytest.raises(LandscapeError, match=rf"1 \({type(between).__name__}\) may not"):
        groups_of(nn.Sequential(nn.Linear(4, 6), between, following))


def test_linear_layers_over_pixels_are_named() -> None:
    with pytest.raises(LandscapeError, match=r"1 \(Linear\) may not"):
        groups_of(nn.Sequential(nn.Conv1d(1, 4, 1), nn.Linear(4, 2)))
    with pytest.raises(LandscapeError, match=r"1 \(Conv1d\) may not"):
        groups_of(nn.Sequential(nn.Conv1d(1, 4, 1), nn.Conv1d(4, 4, 1, groups=2)))
    with pytest.raises(LandscapeError, match=r"2 \(Linear\) may not"):
        groups_of(nn.Sequential(nn.Linear(3, 4), nn.Flatten(), nn.Linear(8, 2)))


def test_layers_before_and_behind_all_weights_are_no_obstacle() -> None:
    model = nn.Sequential(nn.Softmax(1), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Softmax(1))
    assert len(groups_of(model)) == 1
    found = chain_of(model)
    with pytest.raises(LandscapeError, match=r"4 \(Softmax\)"):
        join(found, (found, 0))
    encode = chain_of(nn.Sequential(nn.Linear(2, 2)), "encode")
    with pytest.raises(LandscapeError, match=r"behind inputs, but 0 \(Softmax\)"):
        join(encode, (found, 0))


def test_other_modules_are_read_part_by_part() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))

    with pytest.raises(LandscapeError, match=r"nn\.Sequential, got Net"):
        groups_of(Net())
    assert chain_of(Net().layers, "layers").groups[0].slots[0].name == "layers.0.weight"
    with pytest.raises(LandscapeError, match="it has none"):
        groups_of(nn.Sequential(nn.ReLU()))


def test_outputs_that_are_used_twice_are_one_group() -> None:
    parts = nn.ModuleDict(
        {"a": nn.Sequential(nn.Linear(2, 3)), "b": nn.Sequential(nn.Linear(7, 1))}
    )
    a, b = (chain_of(parts[name], name) for name in parts)
    group = join(a, (b, 0), (b, 4))
    assert group.slots[2:] == (Slot("b.0.weight", 1, 0), Slot("b.0.weight", 1, 4))
    copy = permuted(parts, [group], {group.name: torch.tensor([1, 2, 0])})
    assert torch.equal(copy["b"][0].weight, parts["b"][0].weight[:, [1, 2, 0, 3, 5, 6, 4]])
    with pytest.raises(LandscapeError, match="3 columns of b inputs from 5 on, but there are 7"):
        join(a, (b, 5))


def test_groups_that_do_not_fit_a_model_are_refused() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))

    def check(*groups: Group) -> None:
        permuted(model, groups, {})

    with pytest.raises(LandscapeError, match=r"no 1\.weight"):
        check(Group("a", 3, (Slot("1.weight", 0),)))
    with pytest.raises(LandscapeError, match=r"0\.weight \(3, 2\) to have the entries 1 to 3"):
        check(Group("a", 3, (Slot("0.weight", 0, offset=1),)))
    with pytest.raises(LandscapeError, match=r"axis 2"):
        check(Group("a", 3, (Slot("0.weight", 2),)))
    with pytest.raises(LandscapeError, match=r"0 on axis 0 of 0\.bias is in a and in b"):
        check(Group("a", 3, (Slot("0.bias", 0),)), Group("b", 2, (Slot("0.bias", 0),)))
    with pytest.raises(LandscapeError, match="different names"):
        check(Group("a", 3, (Slot("0.bias", 0),)), Group("a", 2, (Slot("0.bias", 0),)))


def test_a_layer_that_is_used_twice_is_refused() -> None:
    layer = nn.Linear(3, 3)
    model = nn.Sequential(nn.Linear(2, 3), layer, nn.ReLU(), layer)
    with pytest.raises(LandscapeError, match=r"no 3\.weight"):
        permuted(model, groups_of(model), {})
