"""Tables, VTK grids and pages hold the numbers of the surface, and nothing that is not theirs."""

import base64
import csv
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest

from trackscape.errors import LandscapeError
from trackscape.landscape.output import surface_fragment, write_csv, write_surface_html, write_vtk

HOSTILE = '</script><b a="1">&'


def holed(surface, *steps: int, **settings):
    found = surface(*(steps or (5, 4)), **settings)
    found.values[0, 0, 0] = np.nan
    found.values[1, 0, 0] = np.inf
    return found


def test_a_table_holds_every_digit(tmp_path, surface):
    found = holed(surface)
    write_csv(found, tmp_path / "surface.csv")
    with (tmp_path / "surface.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "axis 1", "axis 2", "loss", "loss standard error", "errors", "errors standard error",
    ]  # fmt: skip
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    assert np.array_equal(columns["axis 2"], found.points.coordinates[:, 1].numpy())
    assert np.array_equal(columns["loss"], found.mean().ravel(), equal_nan=True)
    expected = found.standard_error("errors").ravel()
    assert np.array_equal(columns["errors standard error"], expected)


def parse_vtk(path) -> tuple[list[int], np.ndarray, dict[str, np.ndarray]]:
    root = ElementTree.parse(path).getroot()
    assert root.attrib["type"] == "StructuredGrid"
    assert root.attrib["byte_order"] == "LittleEndian"
    assert root.attrib["header_type"] == "UInt64"
    types = {"Float64": "<f8", "UInt8": "u1"}

    def values(element) -> np.ndarray:
        content = base64.b64decode(element.text, validate=True)
        assert int.from_bytes(content[:8], "little") == len(content) - 8
        found = np.frombuffer(content[8:], types[element.attrib["type"]])
        return found.reshape(-1, int(element.attrib["NumberOfComponents"]))

    piece = root.find("StructuredGrid/Piece")
    extent = [int(part) for part in piece.attrib["Extent"].split()]
    assert piece.attrib["Extent"] == root.find("StructuredGrid").attrib["WholeExtent"]
    data = {each.attrib["Name"]: values(each)[:, 0] for each in piece.find("PointData")}
    return extent, values(piece.find("Points/DataArray")), data


@pytest.mark.parametrize("steps", [(4,), (5, 4), (3, 2, 4)])
def test_vtk_holds_the_grid(tmp_path, surface, steps):
    found = holed(surface, *steps)
    write_vtk(found, tmp_path / "surface.vts")
    extent, places, data = parse_vtk(tmp_path / "surface.vts")
    sizes = [high - low + 1 for low, high in zip(extent[::2], extent[1::2], strict=True)]
    assert sizes == [*steps[::-1], 1, 1][:3]
    # Number i + ni * (j + nj * k) is at (i, j, k), and i runs along our last direction.
    along = places.reshape(*sizes[::-1], 3)[..., len(steps) - 1]
    assert (np.ptp(along, axis=(0, 1)) == 0).all()
    assert np.array_equal(places[:, : len(steps)], found.points.coordinates.numpy())
    assert (places[:, len(steps) :] == 0).all()
    assert np.array_equal(data["loss"], found.mean().ravel(), equal_nan=True)
    assert data["loss is finite"].tolist() == found.finite().ravel().tolist()
    assert np.array_equal(data["errors standard error"], found.standard_error("errors").ravel())


def test_vtk_escapes_names_and_refuses_what_it_cannot_hold(tmp_path, surface):
    write_vtk(surface(names=(HOSTILE,)), tmp_path / "surface.vts")
    assert HOSTILE in parse_vtk(tmp_path / "surface.vts")[2]
    with pytest.raises(LandscapeError, match=r"ends with \.vts"):
        write_vtk(surface(), tmp_path / "surface.vtk")


def embedded(page: str) -> dict:
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_a_page_holds_the_numbers(tmp_path, surface, route):
    found = holed(surface)
    write_surface_html(found, tmp_path / "page.html", title="A bowl", trajectory=route)
    data = embedded((tmp_path / "page.html").read_text("utf-8"))
    assert (data["x"], data["axes"]) == ([-1, -0.5, 0, 0.5, 1], ["axis 1", "axis 2"])
    loss, errors = data["values"]
    assert loss["mean"][:2] == [None, None]
    assert loss["mean"][2:] == pytest.approx(found.mean().ravel()[2:], rel=1e-5)
    assert errors["error"] == pytest.approx(found.standard_error("errors").ravel(), rel=1e-5)
    assert not loss["logarithmic"]
    assert min(each for each in loss["significance"] if each is not None) == 0
    assert data["trajectory"]["residuals"] == route.residuals.tolist()
    assert "trajectory" not in embedded(surface_fragment(found, title="A bowl"))


def test_a_page_loads_nothing_and_runs_no_text_of_the_surface(tmp_path, surface):
    hostile = surface(names=(HOSTILE,))
    hostile.about[HOSTILE] = HOSTILE
    write_surface_html(hostile, tmp_path / "page.html", title=HOSTILE)
    page = (tmp_path / "page.html").read_text("utf-8")
    page = page.replace("http://www.w3.org/2000/svg", "")  # a name, for saved pictures
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|src=|url\(|@import", page)
    assert page.count("</script>") == 2
    assert "<b a" not in page
    assert embedded(page)["values"][0]["name"] == HOSTILE
    assert "%%" not in page


def test_equal_surfaces_give_equal_pages(tmp_path, surface):
    for name in "ab":
        write_surface_html(surface(), tmp_path / f"{name}.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.skipif(shutil.which("node") is None, reason="node checks the script")
def test_the_script_is_well_formed(tmp_path, surface):
    (script,) = re.findall(
        r"<script>(.*?)</script>", surface_fragment(surface(), title=""), re.DOTALL
    )
    (tmp_path / "script.js").write_text(script, encoding="utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.js")], check=True)
