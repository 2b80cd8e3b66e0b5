"""Hits to pixels and back: places, deposits, gaps, merged clusters, noise, frames."""

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as arrow_parquet
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape import samples
from trackscape.data import Hits, Truth
from trackscape.errors import ConfigError, DataError, FormatError
from trackscape.evaluation import evaluate_frames, read_frames
from trackscape.formats import read_hits
from trackscape.graph_construction import cluster_size, merge_deposits, split_frames
from trackscape.pixels import (
    PIXEL,
    cluster_files,
    cluster_pixels,
    digitise_files,
    digitise_hits,
    energy_of_size,
)
from trackscape.reconstruction import FrameRule, Input
from trackscape.simulation import DeadChip, load_detector
from trackscape.tracking import load_tracker

DETECTOR = load_detector("bergen-auto")
GRID = DETECTOR.pixels
THICKNESS = DETECTOR.sensitive_thickness


def hits_at(x, y, energy, layer=0, **more) -> Hits:
    x, y, energy = (torch.atleast_1d(torch.as_tensor(each).float()) for each in (x, y, energy))
    layer = torch.as_tensor(layer).expand(len(x))
    return Hits(
        position=torch.stack([x, y, torch.from_numpy(DETECTOR.layer_z).float()[layer]], dim=1),
        energy=energy,
        layer=layer,
        **more,
    )


def owned(n: int) -> Truth:
    number = torch.arange(n)
    return Truth(event=number, track=torch.ones_like(number), parent=torch.zeros_like(number))


@given(st.integers(1, 2000))
def test_a_size_gives_the_deposit_that_fires_it(size):
    energy = energy_of_size(np.array([size]), thickness=THICKNESS)
    assert cluster_size(torch.from_numpy(energy).float(), thickness=THICKNESS).item() == size


@given(
    st.integers(0, GRID.staves - 1),
    st.integers(0, GRID.chips - 1),
    st.floats(0, GRID.columns - 1),
    st.floats(0, GRID.rows - 1),
)
def test_places_and_positions_are_inverse(stave, chip, column, row):
    place = [np.array([each]) for each in (stave, chip, column, row)]
    found = GRID.locate(*GRID.position(*place))
    assert found[0] == stave
    assert found[1] == chip
    np.testing.assert_allclose(np.stack(found[2:])[:, 0], [column, row], atol=1e-9)
    assert abs(GRID.position(*place)[0][0]) < GRID.width / 2


def test_the_grid_is_that_of_the_published_digitisation():
    """Col = round((x + 135.4) 9 1024 / 270.8), but for the gap that the pitch leaves."""
    x = np.linspace(-135, 135, 1001)
    _, chip, column, _ = GRID.locate(x, np.zeros_like(x))
    whole = (x + 135.4) * 9 * 1024 / 270.8
    gaps = 270.8 / (9 * 1024 * 0.02924) - 1
    assert np.abs(chip * 1024 + column - whole).max() < 0.5 + 512 * gaps


@given(st.floats(-14.9, 14.9), st.floats(0.15, 13.7), st.floats(0.002, 0.4))
def test_the_pixels_of_a_deposit_are_the_nearest_ones(x, y, energy):
    pixels = digitise_hits(hits_at(x, y, energy), GRID, thickness=THICKNESS)
    n = cluster_size(torch.tensor(energy).float(), thickness=THICKNESS).item()
    stave, chip, column, row = (each[0] for each in GRID.locate(*np.array([[x], [y]])))
    c, r = np.meshgrid(*(np.arange(round(at) - 25, round(at) + 26) for at in (column, row)))
    distance = np.hypot((c - column) * GRID.pitch[0], (r - row) * GRID.pitch[1]).ravel()
    nearest = np.sort(distance)[:n]
    inside = (c.ravel() >= 0) & (c.ravel() < GRID.columns) & (r.ravel() >= 0)
    inside &= r.ravel() < GRID.rows
    got = np.hypot(
        (pixels["column"] - column) * GRID.pitch[0], (pixels["row"] - row) * GRID.pitch[1]
    )
    assert (pixels["stave"] == stave).all()
    assert (pixels["chip"] == chip).all()
    if n and inside[np.argsort(distance)[:n]].all():
        np.testing.assert_allclose(np.sort(got), nearest, atol=2e-5)
    assert len(pixels) <= n


def test_a_deposit_comes_back_where_it_was():
    """Centres within 5 um (rms), in each direction, of where the protons crossed."""
    generator = torch.Generator().manual_seed(0)
    x = 26 * torch.rand(2000, generator=generator) - 13
    y = 12 * torch.rand(2000, generator=generator) + 1
    kept = (y - 6.93).abs() < 6.6  # one chip
    x, y = x[kept], y[kept]
    energy = 0.02 + 0.06 * torch.rand(len(x), generator=generator)
    distance = []
    for some in torch.arange(len(x)).split(20):
        layer = torch.arange(len(some))  # so that none meet
        hits = hits_at(x[some], y[some], energy[some], layer, truth=owned(len(some)))
        pixels = digitise_hits(hits, GRID, thickness=THICKNESS)
        found = cluster_pixels(pixels, DETECTOR, GRID, split=False)
        assert len(found) == len(hits)
        back = found.select(torch.argsort(found.truth.event))
        distance.append((back.position - hits.position)[:, :2])
        torch.testing.assert_close(back.position[:, 2], hits.position[:, 2])
        size = cluster_size(hits.energy, thickness=THICKNESS)
        assert torch.equal(cluster_size(back.energy, thickness=THICKNESS), size)
    rms = torch.cat(distance).square().mean(dim=0).sqrt()
    assert (rms < 5e-3).all(), rms


def test_clusters_are_those_of_a_plain_search():
    rng = np.random.default_rng(1)
    pixels = np.zeros(600, PIXEL)
    pixels["frameID"] = rng.integers(2, size=600)
    pixels["column"] = rng.choice([0, 1, 2, 3, 4, 1020, 1021, 1022, 1023], size=600)
    pixels["row"] = rng.choice([0, 1, 2, 3, 508, 509, 510, 511], size=600)
    pixels["chip"], pixels["stave"] = rng.integers(2, size=600), rng.integers(2, size=600)
    pixels["layer"] = rng.integers(2, size=600)
    left = set(map(tuple, pixels.tolist()))
    expected = []
    names = list(PIXEL.names)
    column, row = names.index("column"), names.index("row")
    while left:
        waiting, members = [left.pop()], []
        while waiting:
            members.append(one := waiting.pop())
            for du, dv in itertools.product((-1, 0, 1), repeat=2):
                other = list(one)
                other[column] += du
                other[row] += dv
                if tuple(other) in left:
                    left.remove(tuple(other))
                    waiting.append(tuple(other))
        where = dict(zip(names, np.mean(members, axis=0)[:, None], strict=True))
        x, y = GRID.position(*(where[each] for each in ("stave", "chip", "column", "row")))
        expected.append((where["frameID"][0], where["layer"][0], x[0], y[0], len(members)))
    found = cluster_pixels(pixels, DETECTOR, GRID, split=False)
    size = cluster_size(found.energy, thickness=THICKNESS)
    got = zip(
        found.frame.tolist(),
        found.layer.tolist(),
        *found.position[:, :2].T.double().tolist(),
        size.tolist(),
        strict=True,
    )
    np.testing.assert_allclose(sorted(got), sorted(expected), rtol=1e-5)


def test_hits_come_in_the_order_of_frames_and_layers():
    frames = read_frames(samples.VALIDATION, per_frame=20)[:3]
    pixels = [digitise_hits(h, GRID, thickness=THICKNESS, frame=n) for n, h in enumerate(frames)]
    found = cluster_pixels(np.concatenate(pixels), DETECTOR, GRID)
    order = found.frame * 100 + found.layer
    assert bool((order.diff() >= 0).all())


def test_deposits_that_meet_become_one_cluster_of_the_larger_one_or_are_cut():
    pitch = GRID.pitch[0]
    x, y = 5.0, 3.0

    def found(distance: float, *, split: bool) -> Hits:
        hits = hits_at([x, x + distance * pitch], [y, y], [0.1, 0.05], truth=owned(2))
        pixels = digitise_hits(hits, GRID, thickness=THICKNESS)
        return cluster_pixels(pixels, DETECTOR, GRID, split=split)

    assert len(found(1, split=True)) == 1
    near = found(3, split=False)
    assert near.truth.event.tolist() == [0]
    apart = found(3, split=True)
    assert sorted(apart.truth.event.tolist()) == [0, 1]
    back = apart.position[torch.argsort(apart.truth.event), 0] - x
    assert abs(back[0]) < pitch
    assert abs(back[1] - 3 * pitch) < pitch
    assert len(found(8, split=False)) == 2


def test_what_falls_into_a_gap_or_on_a_dead_chip_is_lost():
    gap = GRID.width / 2 - 4 * GRID.width / GRID.chips  # the border of two chips
    hits = hits_at([gap, 0.0, 500.0], [3.0, 3.0, 3.0], [0.02] * 3)
    assert len(cluster_pixels(digitise_hits(hits, GRID, thickness=THICKNESS), DETECTOR, GRID)) == 1
    for chip in (None, 4):
        dead = dataclasses.replace(GRID, dead=(DeadChip(layer=0, stave=6, chip=chip),))
        assert len(digitise_hits(hits, dead, thickness=THICKNESS)) == 0
        other = hits_at(0.0, 3.0, 0.02, layer=1)
        assert len(digitise_hits(other, dead, thickness=THICKNESS)) > 0


def test_noise_has_its_rate_and_is_nobodys():
    rng = np.random.default_rng(0)
    hits = hits_at([0.0], [3.0], [0.02], layer=9, truth=owned(1))
    pixels = digitise_hits(hits, GRID, thickness=THICKNESS, noise=1e-6, generator=rng)
    noise = pixels[pixels["eventID"] < 0]
    expected = 1e-6 * 10 * 1024 * 512 * 108
    assert abs(len(noise) - expected) < 5 * expected**0.5
    assert len(pixels) - len(noise) == cluster_size(hits.energy, thickness=THICKNESS).item()
    assert (noise["trackID"] == -1).all()
    assert (noise["parentID"] == -1).all()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Pixels of a sample in frames of 20 protons, and the hits that come of them."""
    folder = tmp_path_factory.mktemp("pixels")
    given = Input([samples.VALIDATION], FrameRule(per_frame=20))
    written = digitise_files(given, folder / "p.parquet", detector=DETECTOR, progress=False)
    back = cluster_files(
        [folder / "p.parquet"], folder / "h.parquet", detector=DETECTOR, progress=False
    )
    assert back.pixels == written.pixels
    assert back.frames == written.frames == 43
    return folder


def test_tracks_of_clusters_are_worth_those_of_hits(files):
    tracker = load_tracker("track-follower")
    plain = read_frames(samples.VALIDATION, per_frame=20)
    frames = read_frames(files / "h.parquet")
    assert len(frames) == len(plain)
    values = [
        evaluate_frames(each, tracker=tracker, method="", per_frame=20) for each in (plain, frames)
    ]
    assert values[1].values["purity"] > values[0].values["purity"] - 0.02


def test_every_kind_of_file_holds_the_same_pixels(files, tmp_path):
    table = arrow_parquet.read_table(files / "p.parquet")
    arrays = {name: table.column(name).to_numpy() for name in table.column_names}
    np.savez(tmp_path / "p.npz", **arrays)
    pa.csv.write_csv(table, tmp_path / "p.csv")
    import uproot

    with uproot.recreate(tmp_path / "p.root") as root:
        root["pixels"] = arrays
    expected = read_hits(files / "h.parquet")
    for kind in ("npz", "csv", "root"):
        output = tmp_path / f"{kind}.npz"
        cluster_files([tmp_path / f"p.{kind}"], output, detector=DETECTOR, progress=False)
        found = read_hits(output)
        assert torch.equal(found.position, expected.position)
        assert torch.equal(found.frame, expected.frame)
        assert torch.equal(found.truth.event, expected.truth.event)


def test_measured_pixels_need_no_truth_and_windows_of_time_make_frames(files, tmp_path):
    table = arrow_parquet.read_table(files / "p.parquet")
    names = ["layer", "stave", "chip", "row", "column"]
    time = pa.array(1e4 + 10.0 * table.column("frameID").to_numpy() + 3.0)
    plain = table.select(names).append_column("time", time)
    arrow_parquet.write_table(plain, tmp_path / "p.parquet")
    written = cluster_files(
        [tmp_path / "p.parquet"],
        tmp_path / "h.npz",
        detector=DETECTOR,
        rule=FrameRule(window=10.0),
        progress=False,
    )
    found, expected = read_hits(tmp_path / "h.npz"), read_hits(files / "h.parquet")
    assert found.truth is None
    assert written.frames == 43
    assert torch.equal(found.position, expected.position)
    assert torch.equal(found.frame, expected.frame)
    assert len(split_frames(found)) == 43
    two = cluster_files(
        [tmp_path / "p.parquet"] * 2,
        tmp_path / "two.npz",
        detector=DETECTOR,
        rule=FrameRule(window=20.0),
        progress=False,
    )
    assert two.frames == 2 * 22
    assert read_hits(tmp_path / "two.npz").frame.max() == 43


def test_noisy_pixels_are_left_out(files, tmp_path):
    rows = np.zeros(100, PIXEL)
    rows["frameID"], rows["column"] = np.arange(100), 77
    beside = rows[::10].copy()
    beside["column"] = 500 + np.arange(10) * 10
    rows = np.sort(np.concatenate([rows, beside]), order="frameID")
    np.save(tmp_path / "p.npy", rows)
    written = cluster_files(
        [tmp_path / "p.npy"], tmp_path / "h.npz", detector=DETECTOR, progress=False
    )
    assert written.noisy == 1
    assert written.hits == 10
    assert written.frames == 100
    few = rows[rows["frameID"] < 40]
    np.save(tmp_path / "few.npy", few)
    written = cluster_files(
        [tmp_path / "few.npy"], tmp_path / "few.npz", detector=DETECTOR, progress=False
    )
    assert written.noisy == 0
    assert written.hits == len(few)


def test_impossible_pixels_and_detectors_are_refused(tmp_path):
    rows = np.zeros(3, PIXEL)
    rows["chip"] = [0, 9, 0]
    np.save(tmp_path / "p.npy", rows)
    output = tmp_path / "h.npz"
    with pytest.raises(FormatError, match=r"column chip, row 1 .* 0 to 8.*bergen-auto.*got 9"):
        cluster_files([tmp_path / "p.npy"], output, detector=DETECTOR, progress=False)
    rows = np.zeros(3, PIXEL)
    rows["frameID"] = [5, 9, 7]
    np.save(tmp_path / "p.npy", rows)
    with pytest.raises(FormatError, match=r"7 comes after 9.*sort the rows"):
        cluster_files([tmp_path / "p.npy"], output, detector=DETECTOR, progress=False)
    other = load_detector("gate-2017-al3mm")
    with pytest.raises(ConfigError, match=r"gate-2017-al3mm has none.*`pixels`"):
        cluster_files([tmp_path / "p.npy"], output, detector=other, progress=False)
    given = Input([samples.VALIDATION], FrameRule(per_frame=20))
    with pytest.raises(ConfigError, match="probability of noise"):
        digitise_files(given, output, detector=DETECTOR, noise=1.5, progress=False)
    np.savez(tmp_path / "q.npz", x=np.zeros(3))
    with pytest.raises(FormatError, match="columns for pixels, but layer, stave, chip, column"):
        cluster_files([tmp_path / "q.npz"], output, detector=DETECTOR, progress=False)
    np.save(tmp_path / "none.npy", np.zeros(0, PIXEL))
    with pytest.raises(FormatError, match=r"none\.npy: expected pixels, .* have no rows"):
        cluster_files([tmp_path / "none.npy"], output, detector=DETECTOR, progress=False)
    np.save(tmp_path / "a.npy", np.zeros(3, PIXEL))
    for share in (0.0, 1.5, float("nan")):
        with pytest.raises(ConfigError, match="Expected a share of frames"):
            cluster_files(
                [tmp_path / "a.npy"],
                output,
                detector=DETECTOR,
                noisy_share=share,
                progress=False,
            )
    np.save(tmp_path / "b.npy", np.zeros(3, [*PIXEL.descr, ("spotX", "f4"), ("spotY", "f4")]))
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    with pytest.raises(DataError, match="Expected the columns"):
        cluster_files(paths, output, detector=DETECTOR, progress=False)
    assert not output.exists()


@pytest.mark.parametrize(
    ("rule", "match"),
    [
        (FrameRule(per_frame=3, window=2.0), "name one"),
        (FrameRule(window=0.0), "longer than 0"),
        (FrameRule(window=float("nan")), "longer than 0"),
        (FrameRule(window=5.0), "expected the time of each row"),
    ],
)
def test_frames_are_made_in_one_way(tmp_path, rule, match):
    np.save(tmp_path / "p.npy", np.zeros(3, PIXEL))
    with pytest.raises((ConfigError, FormatError), match=match):
        cluster_files(
            [tmp_path / "p.npy"], tmp_path / "h.npz", detector=DETECTOR, rule=rule, progress=False
        )


def test_events_that_begin_anew_stay_apart(tmp_path):
    given = Input([samples.VALIDATION] * 2, FrameRule(per_frame=20))
    digitise_files(given, tmp_path / "p.npz", detector=DETECTOR, progress=False)
    rows = np.load(tmp_path / "p.npz")["arr_0"]
    half = rows["frameID"] < 43
    assert rows["frameID"].max() == 85
    assert not set(rows["eventID"][half]) & set(rows["eventID"][~half])
    names = ["layer", "chip", "stave", "row", "column"]
    assert (rows[half][names] == rows[~half][names]).all()


def test_merged_deposits_are_digitised_not_cleaned_ones():
    hits = merge_deposits(read_hits(samples.VALIDATION))
    small = hits.select(cluster_size(hits.energy) == 1)
    _, _, column, row = GRID.locate(*small.position[:, :2].double().numpy().T)
    inside = (np.abs(column - 511.5) < 511) & (np.abs(row - 255.5) < 255)
    small = small.select(torch.from_numpy(inside))
    assert len(small) > 5
    pixels = digitise_hits(small, GRID, thickness=THICKNESS)
    stave, chip, column, row = GRID.locate(*small.position[:, :2].double().numpy().T)
    places = [small.layer.numpy(), stave, chip, np.rint(row), np.rint(column)]
    expected = np.unique(np.stack(places, axis=1), axis=0)
    found = [pixels[name] for name in ("layer", "stave", "chip", "row", "column")]
    np.testing.assert_array_equal(np.stack(found, axis=1), expected)
