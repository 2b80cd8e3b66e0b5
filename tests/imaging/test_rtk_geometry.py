"""Geometries of RTK: its text, what is read of it, and which way its angles turn."""

import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trackscape.errors import FormatError
from trackscape.imaging.rtk_geometry import CircularGeometry, read_geometry, write_geometry

TEXT = """<?xml version="1.0"?>
<!DOCTYPE RTKGEOMETRY>
<RTKThreeDCircularGeometry version="3">
    <SourceToIsocenterDistance>6600</SourceToIsocenterDistance>
    <SourceToDetectorDistance>6710</SourceToDetectorDistance>
  <Projection>
    <GantryAngle>0</GantryAngle>
    <Matrix>
                    -6710                   0                   0                   0
                        0               -6710                   0                   0
                        0                   0                   1               -6600
    </Matrix>
  </Projection>
  <Projection>
    <GantryAngle>120</GantryAngle>
    <Matrix>
                     3355                   0    5811.03045939358                   0
                        0               -6710                   0                   0
        0.866025403784439                   0                -0.5               -6600
    </Matrix>
  </Projection>
</RTKThreeDCircularGeometry>
"""
TWO = CircularGeometry(np.radians([0.0, 120.0]), 6600.0, 6710.0)


def test_the_text_is_that_of_rtk(tmp_path):
    write_geometry(TWO, tmp_path / "geometry.xml")
    assert (tmp_path / "geometry.xml").read_text("ascii") == TEXT


def test_rtk_writes_the_same_file(tmp_path):
    command = shutil.which("rtksimulatedgeometry", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("itk-rtk is not installed")
    theirs, ours = tmp_path / "theirs.xml", tmp_path / "ours.xml"
    arguments = ["-o", theirs, "-n", "7", "--sid", "6600", "--sdd", "6710"]
    subprocess.run([command, *arguments], check=True)
    angles = np.radians(np.arange(7) * 360 / 7)
    write_geometry(CircularGeometry(angles, 6600.0, 6710.0), ours)
    assert ours.read_text() == theirs.read_text()
    assert np.allclose(read_geometry(theirs).angles, angles)


@pytest.mark.parametrize("detector", [6710.0, 0.0])
def test_what_was_written_is_read(tmp_path, detector):
    geometry = CircularGeometry(np.array([0.1, 3.0, 6.2]), 1000.5, detector)
    write_geometry(geometry, tmp_path / "geometry.xml")
    found = read_geometry(tmp_path / "geometry.xml")
    assert np.allclose(found.angles, geometry.angles)
    assert found[1:] == geometry[1:]


def test_angles_are_written_between_0_and_360_degrees(tmp_path):
    write_geometry(TWO._replace(angles=np.radians([-90.0, 450.0])), tmp_path / "geometry.xml")
    assert np.allclose(np.degrees(read_geometry(tmp_path / "geometry.xml").angles), [270, 90])


def test_a_matrix_maps_places_as_our_rotation_does():
    """A place is at x = X cos a + Z sin a here, and Z is mirrored there."""
    angle, x, y, z = 0.7, 11.0, 5.0, 23.0
    u, v, w = TWO.matrix(angle) @ [x, y, -z, 1]
    across = x * math.cos(angle) + z * math.sin(angle)
    depth = z * math.cos(angle) - x * math.sin(angle)
    assert u / w == pytest.approx(across * 6710 / (6600 + depth))
    assert v / w == pytest.approx(y * 6710 / (6600 + depth))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (TEXT, "", "no element found"),
        ("</RTKThreeDCircularGeometry>", "", "no element found"),
        ('version="3"', 'version="2"', "version 2"),
        ("RTKThreeDCircularGeometry", "Something", "Something"),
        ("<!DOCTYPE RTKGEOMETRY>", '<!DOCTYPE a [<!ENTITY b "c">]>', "entities"),
        ("<GantryAngle>120</GantryAngle>", "", "GantryAngle"),
        ("<GantryAngle>120</GantryAngle>", "<GantryAngle>x</GantryAngle>", "a number"),
        ("<GantryAngle>120</GantryAngle>", "<GantryAngle>nan</GantryAngle>", "a number"),
        ("<GantryAngle>120</GantryAngle>", "<GantryAngle/>", "a number"),
        (
            "<GantryAngle>120",
            "<SourceToIsocenterDistance>7</SourceToIsocenterDistance><GantryAngle>120",
            "one SourceToIsocenterDistance",
        ),
        (
            "<GantryAngle>120",
            "<ProjectionOffsetX>3</ProjectionOffsetX><GantryAngle>120",
            "ProjectionOffsetX",
        ),
        (TEXT[TEXT.index("  <Projection>") : TEXT.index("</RTK")], "", "one Source"),
    ],
)
def test_files_that_are_refused(tmp_path, old, new, message):
    (tmp_path / "geometry.xml").write_text(TEXT.replace(old, new))
    with pytest.raises(FormatError, match=message):
        read_geometry(tmp_path / "geometry.xml")


def test_files_that_are_none(tmp_path):
    (tmp_path / "geometry.xml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "absent.xml", tmp_path, tmp_path / "geometry.xml"):
        with pytest.raises(FormatError, match="RTKThreeDCircularGeometry"):
            read_geometry(path)
