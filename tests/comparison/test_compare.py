"""Two hit files side by side: what is changed in one of them is what the table says."""

import csv
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape import samples
from trackscape.comparison import compare_files, write_comparison
from trackscape.comparison.compare import (
    FAIL,
    FEW,
    NOISE,
    OPEN,
    PASS,
    Compared,
    FileComparison,
    compare_measured,
    worst,
)
from trackscape.comparison.figure import draw_comparison
from trackscape.comparison.measure import MeasuredFile, graph_sizes, measure_file
from trackscape.comparison.page import markdown, notes, verdict
from trackscape.comparison.quantities import LEAST, QUANTITIES, Key
from trackscape.comparison.statistics import Measurement
from trackscape.data import Hits, Truth
from trackscape.errors import DataError, FormatError
from trackscape.formats import hit_stream, write_hits
from trackscape.graph_construction import connect_layers, line_graph

Change = Callable[[dict[str, np.ndarray]], None]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.load(samples.VALIDATION, allow_pickle=False)["arr_0"]


@pytest.fixture(scope="module")
def reference() -> MeasuredFile:
    return measure_file(samples.VALIDATION)


@pytest.fixture
def changed(tmp_path, rows, reference) -> Callable[[Change], FileComparison]:
    """Compares the sample with a copy some of whose columns were changed."""

    def compare(change: Change) -> FileComparison:
        columns = {name: rows[name].copy() for name in rows.dtype.names}
        change(columns)
        np.savez(tmp_path / "changed.npz", **columns)
        return compare_measured(reference, measure_file(tmp_path / "changed.npz"))

    return compare


def differences(comparison: FileComparison, quantity: str, statistic: str = "") -> np.ndarray:
    found = [
        row.difference
        for row in comparison.rows
        if row.key.quantity == quantity and statistic in ("", row.key.statistic)
        if row.a.number > 1  # a single hit has no width
    ]
    assert found
    return np.array(found)


def test_a_file_equals_itself(reference):
    comparison = compare_measured(reference, reference)
    assert {row.key.quantity for row in comparison.rows} == set(QUANTITIES) - {
        *("survival", "energy behind", "energy spread behind"),
        *("exit angle", "exit angle tail", "energy at layer"),
    }
    assert all(row.difference == 0 for row in comparison.rows)
    assert {row.verdict for row in comparison.rows} == {PASS, FEW, OPEN}
    for gap in comparison.gaps:
        assert (gap.distance.ks, gap.distance.wasserstein) == (0, 0)
    assert "0 are within noise, 0 fail" in verdict(comparison)


def test_scaled_energies_differ_by_their_factor(changed):
    def more(columns: dict[str, np.ndarray]) -> None:
        columns["edep"] *= np.float32(1.25)  # exact in binary

    comparison = changed(more)
    assert differences(comparison, "energy deposit") == pytest.approx(25, rel=1e-5)
    for quantity in ("kink angle", "lateral position", "stopping depth", "hits per primary"):
        assert (differences(comparison, quantity) == 0).all()
    judged = [row for row in comparison.rows if row.key.quantity == "energy deposit"]
    assert {row.verdict for row in judged} == {FAIL, NOISE, FEW}
    for gap in comparison.gaps:
        if gap.key.quantity == "energy deposit":
            mean = comparison.a.samples[gap.key].values.mean()
            assert gap.distance.wasserstein == pytest.approx(0.25 * mean, rel=1e-5)


def test_a_wider_beam_shows_in_widths_and_first_angles_only(changed):
    def stretch(columns: dict[str, np.ndarray]) -> None:
        columns["posX"] *= np.float32(1.5)
        columns["posY"] *= np.float32(1.5)

    comparison = changed(stretch)
    assert differences(comparison, "lateral position") == pytest.approx(50, rel=1e-5)
    angles = differences(comparison, "first segment angle")
    assert angles == pytest.approx(50, rel=0.02)  # small angles, but not zero
    assert (differences(comparison, "energy deposit") == 0).all()


def test_a_moved_beam_moves_positions_but_not_widths(changed):
    def move(columns: dict[str, np.ndarray]) -> None:
        columns["posX"] += np.float32(3)

    comparison = changed(move)
    assert differences(comparison, "lateral position") == pytest.approx(0, abs=1e-3)
    gaps = {gap.key: gap.distance for gap in comparison.gaps}
    for layer in range(20):
        assert gaps[Key("lateral position", "x", layer)].wasserstein == pytest.approx(3, rel=1e-4)
        assert gaps[Key("lateral position", "y", layer)].wasserstein == 0


def test_a_hit_that_becomes_a_secondary_changes_the_share_by_one_hit(changed, rows):
    last = int(np.flatnonzero((rows["parentID"] == 0) & (rows["pdg"] == 2212))[-1])

    def demote(columns: dict[str, np.ndarray]) -> None:
        columns["parentID"][last] = 1

    comparison = changed(demote)
    point = 100 / len(rows)
    assert differences(comparison, "non-primary hits") == pytest.approx(point)
    assert differences(comparison, "non-primary by particle", "proton") == pytest.approx(point)
    assert differences(comparison, "non-primary by particle", "electron") == 0


def test_the_numbers_of_the_sample(reference, rows):
    found = reference.measurements
    assert reference.hits == len(rows)
    assert reference.primaries == rows["eventID"].max() + 1
    assert found[Key("hits per primary", "mean")].value == len(rows) / reference.primaries
    primary = rows[rows["parentID"] == 0]
    layer = np.where(primary["level2ID"] < 0, primary["level1ID"], primary["level2ID"] + 2)
    depth = [layer[primary["eventID"] == event].max() for event in np.unique(primary["eventID"])]
    assert found[Key("stopping depth", "median")].value == pytest.approx(np.median(depth), abs=0.5)
    stops = sum(
        estimate.value for key, estimate in found.items() if key.quantity == "stops in the layer"
    )
    assert stops == pytest.approx(100 * len(depth) / reference.primaries)
    energy = 1e3 * rows["edep"][(rows["level2ID"] == -1) & (rows["level1ID"] == 1)].astype(float)
    median = found[Key("energy deposit", "median", 1)]
    assert median.value == pytest.approx(np.median(energy))
    assert median.number == len(energy)


def bent_tracks(*, kink: float, lean: float) -> Hits:
    """Protons that start with an angle of `lean` and turn by `kink` in layer 3, both in rad."""
    layer = torch.arange(6).repeat(4)
    z = torch.tensor([0.0, 50, 100, 105, 110, 115], dtype=torch.float64)
    slope = torch.tensor([lean] * 3 + [lean + kink] * 2, dtype=torch.float64).tan()
    x = torch.cat([torch.zeros(1), (slope * z.diff()).cumsum(0)])
    event = torch.arange(4).repeat_interleave(6)
    position = torch.stack([x.repeat(4), event.double(), z.repeat(4)], dim=1)
    truth = Truth(event=event, track=torch.ones_like(event), parent=torch.zeros_like(event))
    return Hits(position=position, energy=torch.full((24,), 0.02), layer=layer, truth=truth)


def test_kinks_stand_in_the_layer_where_they_are(tmp_path):
    write_hits(bent_tracks(kink=0.05, lean=0.02), tmp_path / "hits.npz")
    found = measure_file(tmp_path / "hits.npz").measurements
    kinks = [found[Key("kink angle", "median", layer)].value for layer in range(1, 5)]
    assert kinks == pytest.approx([0, 0, 50, 0], abs=0.02)  # mrad; positions in float32
    assert Key("kink angle", "median", 5) not in found
    assert found[Key("first segment angle", "median", 1)].value == pytest.approx(20)


def test_a_gap_in_a_track_makes_no_kink(tmp_path):
    hits = bent_tracks(kink=0.05, lean=0.0)
    write_hits(hits.select(hits.layer != 2), tmp_path / "hits.npz")
    found = measure_file(tmp_path / "hits.npz").measurements
    layers = {key.layer for key in found if key.quantity == "kink angle"}
    assert layers == {4}


@given(seed=st.integers(0, 50))
def test_graph_sizes_are_those_of_the_graphs(random_hits, seed):
    graph = connect_layers(random_hits(seed, n_hits=120))
    assert graph_sizes(graph) == (120, graph.n_edges, 2 * line_graph(graph).pairs.shape[1])


def test_graphs_are_those_of_the_frames_of_the_file(reference):
    nodes = reference.measurements[Key("graph nodes", "100 p+/F")]
    assert nodes.number == 8  # 877 events
    assert nodes.value == pytest.approx(2087, rel=0.05)  # the whole file of which this is a part
    edges = reference.measurements[Key("graph edges", "100 p+/F")]
    assert edges.value == pytest.approx(10_444, rel=0.1)


@pytest.mark.parametrize(
    ("quantity", "b", "expected"),
    [
        ("kink angle", Measurement(10.4, 0.1, 1000), PASS),
        ("kink angle", Measurement(9.4, 0.1, 1000), NOISE),
        ("kink angle", Measurement(12.0, 0.1, 1000), FAIL),
        ("kink angle", Measurement(12.0, 0.1, LEAST - 1), FEW),
        ("stopping depth", Measurement(10.29, 0.0, 1), PASS),
        ("stopping depth", Measurement(10.6, 0.0, 1), FAIL),
        ("survival", Measurement(9.1, 0.1, 5), PASS),
        ("cluster size", Measurement(99.0, 0.1, 1000), OPEN),
    ],
)
def test_verdicts(quantity, b, expected):
    assert Compared(Key(quantity), Measurement(10.0, 0.1, 1000), b).verdict == expected


def test_difference_and_error_follow_the_scale():
    a, b = Measurement(10.0, 0.3, 1000), Measurement(12.0, 0.4, 1000)
    relative, absolute = (
        Compared(Key("kink angle"), a, b),
        Compared(Key("stopping depth"), a, b),
    )
    assert (relative.difference, absolute.difference) == pytest.approx((20, 2))
    assert absolute.error == pytest.approx(0.5)
    assert relative.error == pytest.approx(120 * math.hypot(0.4 / 12, 0.3 / 10))
    nothing = Measurement(0.0, 0.0, 1000)
    assert math.isnan(Compared(Key("kink angle"), nothing, b).difference)
    assert worst([relative, Compared(Key("kink angle"), a, a)]) is relative


def test_layers_that_only_one_file_has(changed, rows):
    behind = rows["level2ID"] >= 10

    def absorb(columns: dict[str, np.ndarray]) -> None:
        for name in columns:
            columns[name] = columns[name][~behind]

    comparison = changed(absorb)
    assert max(comparison.b.layer_z) == 11
    hits = {
        row.key.layer: row for row in comparison.rows if row.key.quantity == "hits in the layer"
    }
    assert hits[12].difference == -100
    assert Key("energy deposit", "median", 12) not in {row.key for row in comparison.rows}
    assert any(note.startswith("only A has hits in layers 12 to") for note in notes(comparison))


def test_moved_layers_are_told(changed):
    def move(columns: dict[str, np.ndarray]) -> None:
        columns["posZ"] += np.float32(0.5) * (columns["level2ID"] >= 5)

    told = [note for note in notes(changed(move)) if "not at the same place" in note]
    assert len(told) == 1
    assert "by +0.50 mm" in told[0]
    assert "26 layers" in told[0]


TRUTH = [("eventID", "i4"), *((f"out_{name}", "f4") for name in ("dx", "dy", "dz", "ekin"))]


def beam(primaries: int, *, energy: float, width: float, lost: int) -> np.ndarray:
    """A table of primaries: Gaussian energy with 1 % spread and angles of `width` mrad."""
    generator = np.random.default_rng(int(energy))
    table = np.zeros(primaries, dtype=TRUTH)
    table["eventID"] = np.arange(primaries)
    for axis in ("out_dx", "out_dy"):
        table[axis] = np.tan(1e-3 * generator.normal(0, width, size=primaries))
    table["out_dz"] = 1
    table["out_ekin"] = generator.normal(energy, 0.01 * energy, size=primaries)
    table["out_ekin"][:lost] = -1
    return table


def test_tables_of_primaries_give_survival_energy_and_angles(tmp_path, rows):
    for name, energy in (("a", 160.0), ("b", 162.0)):
        np.savez(tmp_path / f"{name}.npz", rows)
        table = beam(20_000, energy=energy, width=energy / 8, lost=2000)
        np.savez(tmp_path / f"{name}_truth.npz", table)
    comparison = compare_files(tmp_path / "a.npz", tmp_path / "b.npz")
    assert comparison.a.primaries == comparison.b.primaries == 20_000
    found = {row.key: row for row in comparison.rows}
    survival = found[Key("survival")]
    assert (survival.a.value, survival.difference) == (90, 0)
    assert survival.a.error == pytest.approx(100 * math.sqrt(0.1 * 0.9 / 20_000))
    for statistic in ("median", "95 % mean"):
        energy = found[Key("energy behind", statistic)]
        assert energy.difference == pytest.approx(1.25, abs=4 * energy.error)
        assert energy.verdict == FAIL
    width = found[Key("energy spread behind", "68 % half-width")]
    assert width.a.value == pytest.approx(0.9945 * 1.6, abs=4 * width.a.error)
    trimmed = found[Key("energy spread behind", "95 % rms")]
    assert trimmed.a.value == pytest.approx(0.8711 * 1.6, abs=4 * trimmed.a.error)
    angle = found[Key("exit angle", "68 % half-width")]
    assert angle.a.value == pytest.approx(0.9945 * 20, abs=4 * angle.a.error)
    tail = found[Key("exit angle tail", "share")]
    assert tail.a.value == pytest.approx(100 * (1 - 0.99715**2), abs=4 * tail.a.error)
    assert not any("table of primaries" in note for note in notes(comparison))


def test_without_a_table_these_numbers_are_left_out_and_it_says_so(tmp_path, rows):
    np.savez(tmp_path / "a.npz", rows)
    np.savez(tmp_path / "table.npz", beam(900, energy=160.0, width=20, lost=0))
    comparison = compare_files(
        tmp_path / "a.npz", samples.VALIDATION, truth_a=tmp_path / "table.npz"
    )
    assert comparison.a.primaries == 900
    assert not any(row.key.quantity == "survival" for row in comparison.rows)
    assert any("no table of primaries for B" in note for note in notes(comparison))


def test_the_number_of_primaries(tmp_path, rows):
    assert measure_file(samples.VALIDATION, primaries=1000).primaries == 1000
    with pytest.raises(DataError, match=r"water_150_val.*at least 877 primaries.*500"):
        measure_file(samples.VALIDATION, primaries=500)


def test_numbers_of_events_may_start_anew_in_each_beam_spot(tmp_path, rows):
    few = rows[rows["eventID"] < 10]
    events = len(np.unique(few["eventID"]))
    assert events > 5
    columns = {name: np.tile(few[name], 2) for name in few.dtype.names}
    columns["spotX"] = np.repeat([-7.0, 7.0], len(few))
    columns["spotY"] = np.zeros(2 * len(few))
    np.savez(tmp_path / "spots.npz", **columns)
    measured = measure_file(tmp_path / "spots.npz")
    assert measured.primaries == 2 * (few["eventID"].max() + 1)
    assert measured.hits == 2 * len(few)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros(3, dtype=[("eventID", "i4")]), "out_ekin, out_dx, out_dy, out_dz is missing"),
        (np.zeros(0, dtype=TRUTH), "every row is missing"),
        (np.zeros(3), "column"),
    ],
)
def test_tables_of_something_else_are_an_error(tmp_path, table, message):
    np.savez(tmp_path / "table.npz", table)
    with pytest.raises(FormatError, match=f"table.npz.*{message}"):
        measure_file(samples.VALIDATION, truth=tmp_path / "table.npz")


def test_measured_hits_cannot_be_compared(tmp_path, rows):
    names = ("posX", "posY", "posZ", "edep")
    np.savez(tmp_path / "measured.npz", **{name: rows[name] for name in names})
    with pytest.raises(DataError, match=r"measured\.npz.*simulated"):
        compare_files(tmp_path / "measured.npz", samples.VALIDATION)


def test_what_is_written(tmp_path, rows):
    with hit_stream(tmp_path / "b.npz", rows.dtype, provenance={"engine": "fast"}) as add:
        add(rows[: len(rows) // 2])
    comparison = compare_files(samples.VALIDATION, tmp_path / "b.npz")
    folder = tmp_path / "new" / "folder"
    write_comparison(comparison, folder)
    assert {path.name for path in folder.iterdir()} == {
        *("comparison.csv", "distances.csv", "comparison.md", "comparison.png")
    }
    with (folder / "comparison.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(comparison.rows)
    for line, row in zip(lines, comparison.rows, strict=True):
        assert float(line["A"]) == row.a.value
        assert line["verdict"] == row.verdict
        assert line["layer"] == ("" if row.key.layer is None else str(row.key.layer))
    with (folder / "distances.csv").open(newline="") as file:
        assert [float(line["ks"]) for line in csv.DictReader(file)] == [
            gap.distance.ks for gap in comparison.gaps
        ]
    page = (folder / "comparison.md").read_text(encoding="utf-8")
    assert page == markdown(comparison)
    assert '`{"engine": "fast"}`' in page
    assert str(tmp_path) not in page
    assert "494,000" in page  # published
    assert page.count("| mean, layer 3 | not judged |") == 2  # hits and stops
    assert (folder / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_the_figure_shows_b_in_every_judged_layer(reference):
    figure = draw_comparison(compare_measured(reference, reference))
    upper, lower, *_ = figure.axes
    enough = [
        estimate.value
        for key, estimate in reference.measurements.items()
        if key[:2] == ("energy deposit", "median") and key.layer is not None
        if estimate.number >= LEAST
    ]
    assert len(figure.axes) == 12
    (median,) = (line for line in upper.lines if line.get_label() == "B: median")
    assert median.get_ydata().tolist() == enough
    assert upper.get_title(loc="left").endswith("0 within noise, 0 fail")
    assert lower.get_ylim() == pytest.approx((-10, 10))  # twice the tolerance


def test_files_of_a_few_events_are_compared_without_quantiles_and_graphs(tmp_path, rows):
    np.savez(tmp_path / "few.npz", rows[rows["eventID"] < 20])
    comparison = compare_files(tmp_path / "few.npz", samples.VALIDATION)
    write_comparison(comparison, tmp_path / "out")
    verdicts = {row.verdict for row in comparison.rows if row.key.quantity == "kink angle"}
    assert FEW in verdicts
    assert "too few events for graphs of 50 primaries a frame" in list(notes(comparison))


def test_no_primary_left_a_hit(tmp_path, rows):
    secondary = rows[rows["parentID"] != 0]
    np.savez(tmp_path / "secondary.npz", secondary)
    comparison = compare_files(tmp_path / "secondary.npz", samples.VALIDATION)
    write_comparison(comparison, tmp_path / "out")
    assert not any(row.key.quantity == "kink angle" for row in comparison.rows)


@pytest.mark.data
@pytest.mark.slow
def test_simulations_agree_with_themselves_and_not_with_another_phantom(shared_data):
    folder = shared_data / "geant4"
    train = measure_file(folder / "water_100_train.npz")
    same = compare_measured(train, measure_file(folder / "water_100_val.npz"))
    assert FAIL not in {row.verdict for row in same.rows}
    other = compare_measured(train, measure_file(folder / "water_150_val.npz"))
    verdicts = [row.verdict for row in other.rows]
    assert verdicts.count(FAIL) > 10 * verdicts.count(PASS)
    depth = next(row for row in other.rows if row.key.quantity == "stopping depth")
    # 50 mm more of water with I = 78 eV, at 8.15 mm of water a layer.
    assert depth.difference == pytest.approx(-50 / 8.15, abs=0.15)


def straight(n_protons: int, *, spread: float = 0.0) -> np.ndarray:
    """Rows of protons without scattering: every kink is exactly 0."""
    event, layer = np.repeat(np.arange(n_protons), 8), np.tile(np.arange(8), n_protons)
    names = "posX posY posZ edep eventID trackID parentID level1ID level2ID"
    types = ["f8"] * 4 + ["i8"] * 5
    rows = np.zeros(len(event), list(zip(names.split(), types, strict=True)))
    rows["posX"], rows["posZ"], rows["edep"] = event + spread * layer**2, 5.5 * layer, 0.1
    rows["eventID"], rows["trackID"] = event, 1
    rows["level1ID"] = np.where(layer < 2, layer, 0)
    rows["level2ID"] = np.where(layer < 2, -1, layer - 2)
    return rows


@pytest.mark.parametrize("n_protons", [40, 400])
@pytest.mark.parametrize("order", [1, -1])
def test_straight_tracks_can_be_compared(tmp_path, rows, n_protons, order):
    np.savez(tmp_path / "straight.npz", straight(n_protons))
    paths = [tmp_path / "straight.npz", samples.VALIDATION][::order]
    write_comparison(compare_files(*paths), tmp_path / "out")
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_two_files_of_straight_tracks_can_be_compared(tmp_path):
    np.savez(tmp_path / "straight.npz", straight(400))
    comparison = compare_files(tmp_path / "straight.npz", tmp_path / "straight.npz")
    write_comparison(comparison, tmp_path / "out")
    assert verdict(comparison).endswith("0 fail")


def test_a_layer_with_few_values_is_too_few_even_if_they_are_zero(tmp_path):
    key = Key("kink angle", "5 %", 3)
    assert Compared(key, Measurement(0.0, 0.0, 9), Measurement(1.0, 0.1, 9)).verdict == FEW
    assert Compared(key, Measurement(0.0, 0.0, LEAST), Measurement(1.0, 0.1, LEAST)).verdict == OPEN
