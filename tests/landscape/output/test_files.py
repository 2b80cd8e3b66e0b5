"""What is saved comes back to the last bit, and nothing else is taken for it."""

import dataclasses
import functools
import json
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trackscape.errors import FormatError, LandscapeError
from trackscape.landscape.output import (
    draw_contour,
    load_surface,
    load_trajectory,
    save_figure,
    save_surface,
    write_csv,
    write_surface_html,
    write_vtk,
)
from trackscape.landscape.surface import Surface

PICTURES = ("png", "pdf", "svg")


def assert_same(one: Surface, other: Surface) -> None:
    assert one.names == other.names
    assert one.about == other.about
    assert one.points.shape == other.points.shape
    assert one.points.axes == other.points.axes
    for name in ("centre", "directions", "coordinates"):
        assert getattr(one.points, name).numpy().tobytes() == (
            getattr(other.points, name).numpy().tobytes()
        )
    assert one.values.tobytes() == other.values.tobytes()
    assert one.weights.tobytes() == other.weights.tobytes()


def rewrite(path, **changes) -> None:
    """Replaces arrays of a file, or leaves those out that are None."""
    with np.load(path) as archive:
        found = {**archive, **changes}
    np.savez(path, **{name: each for name, each in found.items() if each is not None})


@settings(max_examples=30)
@given(arrays(np.float64, (20, 6, 2)))
def test_every_value_comes_back_also_nan_and_infinity(tmp_path_factory, surface, values):
    path = tmp_path_factory.mktemp("files") / "surface.npz"
    saved = surface()
    saved.values[:] = values
    save_surface(saved, path)
    assert_same(load_surface(path), saved)
    assert load_trajectory(path) is None


@settings(max_examples=30)
@given(
    st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1), min_size=1, unique=True)
)
def test_names_of_any_letters_come_back(tmp_path_factory, surface, names):
    path = tmp_path_factory.mktemp("files") / "surface.npz"
    saved = surface(3, names=tuple(names))
    save_surface(saved, path)
    assert_same(load_surface(path), saved)


@pytest.mark.parametrize("steps", [(4,), (3, 5), (2, 3, 4)])
def test_every_dimension_comes_back(tmp_path, surface, steps):
    save_surface(surface(*steps), tmp_path / "surface.npz")
    assert_same(load_surface(tmp_path / "surface.npz"), surface(*steps))


def test_checkpoints_come_back(tmp_path, surface, route):
    save_surface(surface(), tmp_path / "surface.npz", trajectory=route)
    found = load_trajectory(tmp_path / "surface.npz")
    assert found is not None
    assert np.array_equal(found.coordinates, route.coordinates)
    assert np.array_equal(found.residuals, route.residuals)


def test_equal_surfaces_give_equal_bytes(tmp_path, surface):
    one = surface()
    other = dataclasses.replace(
        one, values=np.asfortranarray(one.values), about=dict(reversed(one.about.items()))
    )
    for name, each in (("one", one), ("other", other)):
        save_surface(each, tmp_path / f"{name}.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_any_program_with_numpy_can_read_it(tmp_path, surface):
    saved = surface()
    save_surface(saved, tmp_path / "surface.npz")
    with np.load(tmp_path / "surface.npz", allow_pickle=False) as found:
        mean = (found["values"][:, :, 0] @ found["weights"]).reshape(found["shape"])
        assert np.array_equal(mean, saved.mean())
        assert found["schema"] == 1
        assert found["names"].tolist() == ["loss", "errors"]
        assert json.loads(found["about"].item()) == saved.about


NAN, OBJECT = np.array([np.nan]), np.array([{}], dtype=object)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema": None}, "but it holds names, "),
        ({"schema": np.array(2)}, "its schema is 2, not 1; update"),
        ({"weights": None}, "the array weights is missing"),
        ({"values": OBJECT}, "values"),
        ({"values": np.zeros((20, 6, 2), np.float32)}, "values is float32"),
        ({"values": np.zeros((20, 6, 2), ">f8")}, "values is >f8"),
        ({"values": np.zeros((20, 6))}, r"values is float64 of the shape \(20, 6\)"),
        ({"values": np.zeros((20, 6, 3))}, "does not fit the others"),
        ({"weights": np.zeros(5)}, "weights has the shape .5,., which does not fit"),
        ({"weights": np.full(6, 0.5)}, "weights are not positive or do not sum to 1"),
        ({"weights": np.full(6, np.nan)}, "weights are not positive"),
        ({"shape": np.array([5, 5])}, "does not have 20 points"),
        ({"shape": np.array([-5, -4])}, "does not have 20 points"),
        ({"coordinates": np.full((20, 2), np.inf)}, "coordinates holds NaN or infinity"),
        ({"names": np.array(["a", "a"])}, "its names are a, a"),
        ({"names": np.array([1, 2])}, "names is int64"),
        ({"axes": np.array(["a"])}, "its lengths are"),
        ({"about": np.array("{")}, "not JSON"),
        ({"about": np.array("[" * 100_000)}, "not JSON"),
        ({"about": np.array("3")}, "is int, no JSON object"),
        ({"trajectory": np.zeros((3, 2))}, "the array residuals is missing"),
        ({"trajectory": np.zeros((3, 1)), "residuals": np.zeros(3)}, "does not fit"),
        ({"trajectory": np.zeros((1, 2)), "residuals": NAN}, "residuals holds NaN"),
    ],
)
def test_another_content_is_refused(tmp_path, surface, changes, sentence):
    path = tmp_path / "surface.npz"
    save_surface(surface(), path)
    rewrite(path, **changes)
    with pytest.raises(LandscapeError, match=sentence) as caught:
        load_surface(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", ["values.npy", "values", "schema.npy", "unknown.npy"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path, surface, name, first):
    path = tmp_path / "surface.npz"
    save_surface(surface(), path)
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    evil = members["weights.npy"]
    with zipfile.ZipFile(path, "w") as archive:
        if first:
            archive.writestr(name, evil)
        for each, content in members.items():
            archive.writestr(each, content)
        if not first:
            archive.writestr(name, evil)
        if name == "unknown.npy":
            archive.writestr(name, evil)
    with pytest.raises(LandscapeError, match=f"it holds {name.removesuffix('.npy')} twice"):
        load_surface(path)


def test_pickles_are_never_opened(tmp_path, surface):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    path = tmp_path / "surface.npz"
    for name in ("values", "schema"):
        save_surface(surface(), path)
        rewrite(path, **{name: np.array([Bomb()], dtype=object)})
        with pytest.raises(LandscapeError, match="expected a surface"):
            load_surface(path)


def test_a_header_that_is_larger_than_its_file_is_refused_before_memory_is_taken(tmp_path, surface):
    path = tmp_path / "surface.npz"
    save_surface(surface(), path)
    content = path.read_bytes()
    huge = content.replace(b"(20, 6, 2), }" + 9 * b" ", b"(20000000000, 6, 2), }")
    assert huge != content
    path.write_bytes(huge)
    with pytest.raises(LandscapeError, match=r"values.npy is not as long as it says|damaged"):
        load_surface(path)


def test_compressed_files_are_refused(tmp_path, surface):
    path = tmp_path / "surface.npz"
    save_surface(surface(), path)
    with np.load(path) as archive:
        np.savez_compressed(path, **archive)
    with pytest.raises(LandscapeError, match=r"is compressed; store it with np\.savez"):
        load_surface(path)


def test_damaged_files_are_refused_or_say_the_same(tmp_path, surface):
    path = tmp_path / "surface.npz"
    save_surface(surface(), path)
    content, chance = path.read_bytes(), random.Random(5)
    refused = 0
    for number in range(240):
        damaged = bytearray(content)
        if number % 4:
            damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        else:
            del damaged[chance.randrange(len(content)) :]
        path.write_bytes(damaged)
        try:
            found = load_surface(path)
        except LandscapeError:
            refused += 1
        else:
            assert_same(found, surface())
    assert refused > 180


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("a text")
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    for name, sentence in (
        ("text", "damaged or no such file"),
        ("empty", "but it holds nothing"),
        ("missing", "No such file"),
    ):
        with pytest.raises(LandscapeError, match=sentence):
            load_surface(tmp_path / f"{name}.npz")


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, surface, route, full_disk):
    drawn = draw_contour(surface(), trajectory=route)
    writers = [
        *(functools.partial(save_figure, drawn, tmp_path / f"a.{end}") for end in PICTURES),
        functools.partial(save_surface, surface(), tmp_path / "a.npz"),
        functools.partial(write_csv, surface(), tmp_path / "a.csv"),
        functools.partial(write_surface_html, surface(), tmp_path / "a.html"),
        functools.partial(write_vtk, surface(), tmp_path / "a.vts"),
    ]
    for writer in writers:
        for room in (0, 600):
            with full_disk(room), pytest.raises(FormatError, match="make room there"):
                writer()
    assert list(tmp_path.iterdir()) == []


def test_saving_refuses_what_would_not_come_back(tmp_path, surface):
    saved = surface()
    with pytest.raises(LandscapeError, match=r"ends with \.npz"):
        save_surface(saved, tmp_path / "surface.npy")
    for bad in (float("nan"), {1, 2}):
        saved.about["bad"] = bad
        with pytest.raises(LandscapeError, match="convert it"):
            save_surface(saved, tmp_path / "surface.npz")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="a place to write to"):
        save_surface(surface(), tmp_path / "file" / "surface.npz")
