"""CSV files of the examples of ACTS: simulated hits and space points."""

from pathlib import Path

import pytest

from trackscape.errors import FormatError
from trackscape.formats import inspect_hits, read_hits

MOMENTA = "0,0,0.6,0.6,0,0,0"
OLD = "particle_id,geometry_id,tx,ty,tz,tt,tpx,tpy,tpz,te,deltapx,deltapy,deltapz,deltae,index"
NEW = OLD.replace(
    "particle_id",
    "particle_id_pv,particle_id_sv,particle_id_part,particle_id_gen,particle_id_subpart",
)


def element(volume: int, layer: int, sensitive: int = 1) -> int:
    """A geometry_id: 8 bits of volume, 8 of boundary, 12 of layer, 8, 20 of sensitive, 8."""
    return volume << 56 | layer << 36 | sensitive << 8


# A telescope has every second number of a layer, and volumes from 128 on need the 64th bit.
PLACES = [(200, 2, 0.0), (200, 4, 30.0), (200, 6, 60.0), (201, 2, 90.5), (201, 2, 90.0)]
PARTICLES = [4503599644147712, 4503599644147712, 2**63 + 5, 2**63 + 5, 4503599644147712]


def simulated(particles: list[str], header: str) -> str:
    rows = [
        f"{particle},{element(volume, layer)},{0.5 * n},{-n},{z},0,{MOMENTA},-0.00025,{n}"
        for n, (particle, (volume, layer, z)) in enumerate(zip(particles, PLACES, strict=True))
    ]
    return "\n".join([header, *rows]) + "\n"


def write_hits_file(folder: Path, text: str, name: str = "event000000000-hits.csv") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("header", [OLD, NEW])
def test_simulated_hits(tmp_path, header):
    old = [str(particle) for particle in PARTICLES]
    new = [f"1,0,{particle % 1000},0,0" for particle in PARTICLES]
    text = simulated(old if header == OLD else new, header)
    hits = read_hits(write_hits_file(tmp_path / "acts", text))
    assert hits.position.tolist()[1] == [0.5, -1.0, 30.0]
    assert hits.energy.tolist() == pytest.approx([0.25] * 5)  # MeV of 0.00025 GeV
    assert hits.layer.tolist() == [0, 1, 2, 3, 3]
    assert hits.frame is not None
    assert hits.frame.tolist() == [0] * 5
    event = hits.known_truth.event
    assert len(event.unique()) == 2
    assert (event[[0, 1, 4]] == event[0]).all()
    assert (event[[2, 3]] == event[2]).all()
    assert hits.known_truth.primary.all()
    assert any("-deltae" in note for note in inspect_hits(tmp_path / "acts").remarks)


POINTS = "measurement_id,geometry_id,x,y,z,var_r,var_z\n" + "".join(
    f"{n},{element(volume, layer)},{n},{2 * n},{z},0.1,0.1\n"
    for n, (volume, layer, z) in enumerate(PLACES)
)
CELLS = "geometry_id,measurement_id,channel0,channel1,timestamp,value\n" + "".join(
    f"1,{n},{cell},0,0,0.5\n" for n in range(5) for cell in range(n + 1)
)


def test_space_points_are_measured_hits_with_the_sum_of_their_cells(tmp_path):
    folder = write_hits_file(tmp_path / "acts", POINTS, "event000000004-spacepoint.csv")
    assert read_hits(folder).energy.tolist() == [0.0] * 5
    assert any("deposits are unknown" in note for note in inspect_hits(folder).remarks)
    (folder / "event000000004-cells.csv").write_text(CELLS)
    hits = read_hits(folder)
    assert hits.energy.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert hits.layer.tolist() == [0, 1, 2, 3, 3]
    assert hits.truth is None
    assert hits.frame is not None
    assert hits.frame.tolist() == [4] * 5


def test_of_both_the_simulated_hits_are_read_and_that_is_said(tmp_path):
    text = simulated([str(particle) for particle in PARTICLES], OLD)
    folder = write_hits_file(tmp_path / "acts", text)
    write_hits_file(folder, POINTS, "event000000000-spacepoint.csv")
    assert read_hits(folder).truth is not None
    assert any("space points are not read" in note for note in inspect_hits(folder).remarks)
    assert read_hits(folder / "event000000000-spacepoint.csv").truth is None


GOOD = simulated([str(particle) for particle in PARTICLES], OLD)
BAD = {
    "no energy": (GOOD.replace("deltae", "loss"), "deltae is missing among particle_id"),
    "no particle": (GOOD.replace("particle_id", "id"), "particle_id is missing"),
    "NaN": (GOOD.replace(",30.0,", ",nan,"), r"column tz, row 1 .*expected a finite number"),
    "text": (GOOD.replace(",30.0,", ",deep,"), "cannot be read"),
    "gain of energy": (GOOD.replace("-0.00025", "0.00025"), "an energy of 0 MeV or more"),
    "barrel": (GOOD.replace(",90.5,", ",400.5,"), "layer 2 of volume 201.*not supported"),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_files_are_refused_with_a_sentence(tmp_path, bad):
    text, message = BAD[bad]
    with pytest.raises(FormatError, match=message) as caught:
        read_hits(write_hits_file(tmp_path / "acts", text))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (POINTS.replace("\n3,", "\n2,"), "each measurement_id once, but 2"),
        (POINTS.replace("geometry_id", "surface"), "geometry_id is missing"),
        (POINTS.splitlines()[0] + "\n", "have no rows"),
    ],
)
def test_bad_space_points_are_refused(tmp_path, text, message):
    name = "event000000004-spacepoint.csv"
    with pytest.raises(FormatError, match=message):
        read_hits(write_hits_file(tmp_path / "acts", text, name))
