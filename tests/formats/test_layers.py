"""The numbering of layers is found in the data."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import FormatError
from trackscape.formats import inspect_hits, read_hits
from trackscape.formats.columns import FileColumns
from trackscape.formats.layers import find_planes, number_layers

PLACE = Path("hits.root")


def numbered(z: list[float], **values: list[int]):
    arrays = {name: np.array(column) for name, column in values.items()}
    columns = FileColumns(arrays, {name: name for name in arrays}, ())
    return number_layers(columns, np.array(z), path=PLACE)


@given(
    layers=st.lists(st.integers(0, 60), min_size=1, max_size=40),
    jitter=st.floats(0, 0.5),
    pitch=st.floats(3, 60),
)
def test_planes_are_the_layers(layers, jitter, pitch):
    layer = np.array(layers)
    z = pitch * layer + jitter * np.linspace(0, 1, len(layer))
    planes = find_planes(z)
    assert (planes.number(z) == np.unique(layer, return_inverse=True)[1]).all()
    assert numbered(list(z), layer=layers).layer.tolist() == layers
    assert (planes.low <= planes.high).all()
    assert (planes.low[1:] > planes.high[:-1]).all()


def test_explicit_layers_keep_their_gaps(unnumbered, save_npz, layers):
    doubled = 2 * np.array(layers)
    path = save_npz(unnumbered | {"layer": doubled})
    assert read_hits(path).layer.tolist() == doubled.tolist()
    assert inspect_hits(path).layers.rule == "layer"


def test_cumulative_base_counts_on_from_the_deepest_layer_before():
    found = numbered([0, 50, 100, 105, 120], base=[1, 1, 2, 2, 2], level1=[0, 1, 0, 1, 4])
    assert found.layer.tolist() == [0, 1, 2, 3, 6]


def test_copy_numbers_of_chips_are_not_layers():
    """Copies that count chips go beyond any layer and are no error."""
    found = numbered([0, 0, 5, 5], copy_before=[0, 1, 2000, 2001])
    assert found.layer.tolist() == [0, 0, 1, 1]
    assert "unknown layer 2001" in found.rejected[0] or "unknown layer 2000" in found.rejected[0]


def test_copy_numbers_that_mix_in_a_plane_are_not_layers():
    found = numbered([0, 0, 5, 5], copy=[0, 1, 2, 3])
    assert found.layer.tolist() == [0, 0, 1, 1]
    assert "layers 0 and 1 are both at posZ = 0.000 mm" in found.rejected[0]


def test_unused_volume_numbers_are_not_layers():
    found = numbered([0, 5, 10], level1=[-1, -1, -1], level2=[-1, -1, -1])
    assert found.layer.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"level1": [0, -7, 0], "level2": [-1, -1, 0]}, r"row 1 \(.*unknown layer -7"),
        ({"level1": [0, 1, 0], "level2": [-1, -1, 4000]}, r"row 2 \(.*unknown layer 4002"),
        ({"layer": [0, -1, 2]}, r"row 1 \(.*unknown layer -1"),
        ({"layer": [0, 1, 1001]}, r"row 2 \(.*unknown layer 1001"),
        ({"layer": [2, 1, 0]}, "layer 2 at posZ = 0.000 mm is followed by layer 1"),
        ({"copy": [2, 1, 0]}, "TrackVolumeCopyNo: layer 2 at .* followed by layer 1"),
        ({"layer": [0, 0, 0]}, "layer 0 at posZ = 0.000 mm is followed by layer 0"),
        ({"level1": [0, 0, 1], "level2": [-1, 0, -1]}, "layer 2 at posZ = 5.000 mm is followed"),
    ],
)
def test_wrong_layers_are_an_error(values, message):
    with pytest.raises(FormatError, match=message) as error:
        numbered([0, 5, 10], **values)
    assert str(error.value).startswith("hits.root: expected layers from 0 to 1000")


def test_error_names_every_rule_that_was_tried():
    with pytest.raises(FormatError) as error:
        numbered(
            [0, 5, 10], layer=[2, 1, 0], level1=[0, 0, 0], level2=[2, 1, 0], volume2=[0, 0, 0],
            volume3=[0, 0, 0],
        )  # fmt: skip
    for rule in ("layer: ", "level1ID if level2ID is -1", "2 * volumeID[2] + volumeID[3]: "):
        assert rule in str(error.value)


def test_hits_everywhere_in_z_are_an_error():
    with pytest.raises(FormatError, match=r"posZ is filled from 0\.000 to 20\.000 mm"):
        numbered(np.linspace(0, 20, 100).tolist())


def test_layers_that_are_not_whole_are_an_error(unnumbered, save_npz, layers):
    layer = np.array(layers, dtype=float)
    layer[3] = 2.5
    with pytest.raises(FormatError, match=r"column layer, row 3 .*a whole number, but got 2\.5"):
        read_hits(save_npz(unnumbered | {"layer": layer}))
