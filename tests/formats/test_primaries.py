"""Tables of primaries are told from hits, and their figures are those of the simulation."""

import numpy as np
import pytest

from trackscape import samples
from trackscape.comparison.measure import read_truth
from trackscape.errors import FormatError
from trackscape.formats import PrimaryReport, inspect_file

TYPE = [("eventID", "i4"), ("in_ekin", "f4"), ("out_ekin", "f4"), ("fate", "i4")]


def test_a_table_of_primaries(tmp_path):
    rows = [(0, 230, 186, 2), (1, 231, -1, 1), (2, 229, 184, 2)]
    np.savez(tmp_path / "truth.npz", arr_0=np.array(rows, dtype=TYPE))
    report = inspect_file(tmp_path / "truth.npz")
    assert isinstance(report, PrimaryReport)
    assert (report.primaries, report.behind_phantom) == (3, 2)
    assert report.energy == (230, 185)
    assert report.fates == {"inelastic reaction": 1, "stopped": 2}
    assert "230.0 MeV before the phantom, 185.0 MeV behind" in report.render()


def test_hits_are_no_table_of_primaries():
    assert not isinstance(inspect_file(samples.VALIDATION), PrimaryReport)


def test_an_empty_table_is_an_error(tmp_path):
    np.savez(tmp_path / "truth.npz", arr_0=np.empty(0, dtype=TYPE))
    with pytest.raises(FormatError, match=r"truth\.npz"):
        inspect_file(tmp_path / "truth.npz")


@pytest.mark.data
@pytest.mark.parametrize(("phantom", "energy"), [(100, 186.1), (150, 161.5), (200, 134.1)])
def test_energies_behind_water_are_those_of_the_simulation(shared_data, phantom, energy):
    report = inspect_file(shared_data / "geant4" / f"water_{phantom}_val_truth.npz")
    assert isinstance(report, PrimaryReport)
    assert report.primaries == 5000
    assert report.energy[1] == pytest.approx(energy, abs=0.3)  # MeV, from the Geant4 checks


@pytest.mark.parametrize(
    "dtype", ["S4", "U4", "M8[s]", "m8[s]", "?", "c16", "V4", "g", "(2,)f4", "O"]
)
@pytest.mark.parametrize("name", ["in_ekin", "out_ekin", "fate"])
def test_odd_types_are_refused(tmp_path, dtype, name):
    kinds = {**dict(TYPE), name: dtype}
    np.savez(tmp_path / "truth.npz", arr_0=np.zeros(3, dtype=list(kinds.items())))
    for read in (inspect_file, read_truth):
        with pytest.raises(FormatError, match=r"truth\.npz"):
            read(tmp_path / "truth.npz")


@pytest.mark.parametrize("shape", [(), (2, 2)])
def test_odd_shapes_are_refused(tmp_path, shape):
    np.savez(tmp_path / "truth.npz", arr_0=np.zeros(shape, dtype=TYPE))
    with pytest.raises(FormatError, match="a list of rows is missing"):
        inspect_file(tmp_path / "truth.npz")


def test_values_that_are_not_finite_are_refused(tmp_path):
    np.savez(tmp_path / "truth.npz", arr_0=np.array([(0, 230, np.nan, 2)], dtype=TYPE))
    with pytest.raises(FormatError, match=r"column out_ekin, row 0 .* a finite number, but got"):
        inspect_file(tmp_path / "truth.npz")


def test_a_primary_that_never_got_there_has_no_direction(tmp_path):
    names = ("out_ekin", "out_dx", "out_dy", "out_dz")
    kinds = [(name, "f4") for name in names]
    rows = [(-1, np.nan, np.nan, np.nan), (150, 0, 0, 1)]
    np.savez(tmp_path / "truth.npz", arr_0=np.array(rows, dtype=kinds))
    assert read_truth(tmp_path / "truth.npz")["out_ekin"].tolist() == [-1, 150]
    np.savez(tmp_path / "truth.npz", arr_0=np.array([(150, np.nan, 0, 1)], dtype=kinds))
    with pytest.raises(FormatError, match="column out_dx, row 0"):
        read_truth(tmp_path / "truth.npz")
