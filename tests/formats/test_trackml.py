"""Folders of TrackML: read as they are, written and read back equal, and refused with a reason."""

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trackscape.data import Hits, Tracks, Truth
from trackscape.errors import DataError, FormatError, TrackscapeError
from trackscape.formats import inspect_hits, read_hits, stream_columns, write_hits, write_tracks
from trackscape.samples import VALIDATION

HITS = """hit_id,x,y,z,volume_id,layer_id,module_id
1,0.5,-1.25,100.0,7,4,1
2,3.0,2.0,100.5,7,4,2
3,0.75,-1.5,150.0,9,2,1
4,1.0,-1.75,200.0,9,4,1
5,3.5,2.5,200.0,9,4,1
"""
CELLS = (
    "hit_id,ch0,ch1,value\n1,0,0,0.25\n1,0,1,0.5\n2,4,4,0.5\n3,1,1,0.125\n4,2,2,1.0\n5,3,3,2.0\n"
)
TRUTH = """hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight
5,4503668346847232,3.5,2.5,200.0,0.1,0.2,0.3,0.2
1,22525763437723648,0.5,-1.25,100.0,0.1,0.2,0.3,0.2
2,4503668346847232,3.0,2.0,100.5,0.1,0.2,0.3,0.2
3,22525763437723648,0.7,-1.5,150.0,0.1,0.2,0.3,0.2
4,0,1.0,-1.75,200.0,0.1,0.2,0.3,0.0
"""
PARTICLES = """particle_id,particle_type,vx,vy,vz,px,py,pz,q,nhits
22525763437723648,2212,0,0,0,0,0,1,1,2
4503668346847232,11,0,0,0,0,0,1,-1,2
"""


def write_event(folder: Path, number: int = 1000, **tables: str) -> Path:
    """An event with hits, cells, truth and particles, or what replaces them; none where empty."""
    folder.mkdir(exist_ok=True)
    known = {"hits": HITS, "cells": CELLS, "truth": TRUTH, "particles": PARTICLES}
    for name, text in (known | tables).items():
        if text:
            (folder / f"event{number:09d}-{name}.csv").write_text(text)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_an_event_is_a_frame_and_cells_are_summed(tmp_path):
    hits = read_hits(write_event(tmp_path / "data"))
    assert hits.position[0].tolist() == [0.5, -1.25, 100.0]
    assert hits.energy.tolist() == [0.75, 0.5, 0.125, 1.0, 2.0]
    assert hits.layer.tolist() == [0, 0, 1, 2, 2]
    assert hits.frame is not None
    assert hits.frame.tolist() == [1000] * 5
    truth = hits.known_truth
    assert truth.event.tolist() == [1, 0, 1, -1, 0]  # by the number of the particle
    assert truth.parent.tolist() == [0, 0, 0, -1, 0]
    assert truth.pdg is not None
    assert truth.pdg.tolist() == [2212, 11, 2212, 0, 11]
    notes = inspect_hits(tmp_path / "data").remarks
    assert any("have no unit there, taken as MeV" in note for note in notes)
    assert any("each particle counts as a primary" in note for note in notes)


@pytest.mark.parametrize("name", ["event000001000", "event000001000-hits.csv", ""])
def test_a_file_a_begin_and_a_folder_mean_the_same(tmp_path, same_hits, name):
    folder = write_event(tmp_path / "data")
    same_hits(read_hits(folder / name), read_hits(folder))


def test_particles_of_different_events_are_different_and_layers_are_those_of_all(tmp_path):
    write_event(tmp_path / "data")
    few = "\n".join(line for line in HITS.splitlines() if ",150.0," not in line)
    write_event(
        tmp_path / "data",
        17,
        hits=few,
        cells=CELLS.replace("3,1,1,0.125\n", ""),
        truth=TRUTH,
    )
    hits = read_hits(tmp_path / "data")
    assert hits.frame is not None
    assert hits.frame.tolist() == [17] * 4 + [1000] * 5
    assert hits.layer.tolist() == [0, 0, 2, 2, 0, 0, 1, 2, 2]
    assert hits.known_truth.event.tolist() == [1, 0, -1, 0, 3, 2, 3, -1, 2]


def test_measured_hits_have_no_truth(tmp_path):
    hits = read_hits(write_event(tmp_path / "data", truth="", particles=""))
    assert hits.truth is None


def test_without_cells_deposits_are_unknown_and_said_to_be(tmp_path):
    folder = write_event(tmp_path / "data", cells="")
    assert read_hits(folder).energy.tolist() == [0.0] * 5
    assert any("deposits are unknown" in note for note in inspect_hits(folder).remarks)
    with (
        pytest.raises(FormatError, match=r"add event\.\.\.-cells\.csv for each event"),
        stream_columns(folder) as stream,
    ):
        next(stream.chunks)


def test_equal_numbers_of_layers_leave_planes_in_z(tmp_path):
    hits = "\n".join(
        line if line.startswith("hit_id") else ",".join([*line.split(",")[:4], "1", "1", "1"])
        for line in HITS.splitlines()
    )
    folder = write_event(tmp_path / "data", hits=hits)
    assert read_hits(folder).layer.tolist() == [0, 0, 1, 2, 2]
    assert inspect_hits(folder).layers.rule.startswith("planes in posZ")


BARREL = "hit_id,x,y,z,volume_id,layer_id,module_id\n1,30,0,-200,8,2,1\n2,30,1,200,8,2,2\n"
STAGGERED = "hit_id,x,y,z,volume_id,layer_id,module_id\n" + "".join(
    f"{n},30,{n},{100 + 0.9 * n},7,{n},1\n" for n in range(1, 5)
)


@pytest.mark.parametrize(("hits", "what"), [(BARREL, "layer 2 of volume 8"), (STAGGERED, "hits")])
def test_layers_that_are_no_planes_are_refused(tmp_path, hits, what):
    folder = write_event(tmp_path / "data", hits=hits + "9,0,0,900,9,1,1\n", cells="", truth="")
    with pytest.raises(FormatError, match=f"{what}.*barrels and staggered modules.*not supported"):
        read_hits(folder)


BAD: dict[str, tuple[dict[str, str], str]] = {
    "missing column": ({"hits": HITS.replace("z,vol", "depth,vol")}, "z is missing among hit_id"),
    "missing id": ({"hits": HITS.replace("layer_id", "layer")}, "layer_id is missing"),
    "text": ({"hits": HITS.replace("0.75", "left")}, r"cannot be read .*invalid value 'left'"),
    "fraction of an id": ({"hits": HITS.replace("3,0.75", "3.5,0.75")}, "cannot be read"),
    "negative id": ({"hits": HITS.replace("3,0.75", "-3,0.75")}, "cannot be read"),
    "NaN": ({"hits": HITS.replace("0.75", "nan")}, r"column x, row 2 .*expected a finite number"),
    "nothing": ({"hits": HITS.replace("0.75", "")}, "cannot be read"),
    "twice": ({"hits": HITS.replace("\n3,", "\n2,")}, "each hit_id once, but 2 is there 2 times"),
    "no rows": ({"hits": HITS.splitlines()[0] + "\n", "cells": "hit_id,value\n"}, "have no rows"),
    "empty cells": ({"cells": "\n"}, "value are missing"),
    "cells of no hit": (
        {"cells": CELLS + "6,0,0,1\n"},
        r"row 6 .*one of event000001000-h",
    ),
    "hit without cells": ({"cells": CELLS.replace("5,3,3,2.0\n", "")}, "hit_id 5 has none"),
    "infinite cell": ({"cells": CELLS.replace("2.0", "inf")}, "expected a finite number"),
    "negative deposit": ({"cells": CELLS.replace("2.0", "-2.0")}, "an energy of 0 MeV or more"),
    "hit without truth": ({"truth": TRUTH.replace("5,450", "7,450")}, "expected one of event0000"),
    "truth twice": ({"truth": TRUTH + "5,0,0,0,0,0,0,0,0\n"}, "each hit_id once"),
    "unknown particle": ({"particles": PARTICLES.replace("450", "45")}, "expected one of event"),
    "ragged": ({"hits": HITS + "6,1\n"}, "cannot be read"),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_files_are_refused_with_a_sentence(tmp_path, bad):
    tables, message = BAD[bad]
    folder = write_event(tmp_path / "data", **tables)
    with pytest.raises(FormatError, match=message) as caught:
        read_hits(folder)
    text = str(caught.value)
    assert text.startswith(str(folder))
    assert text.endswith(".")
    assert "\n" not in text


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    folder = write_event(tmp_path / "data")
    write_event(folder, 1001, cells="")
    with pytest.raises(FormatError, match=r"for none, but event000001001-cells\.csv"):
        read_hits(folder)
    (folder / "event0000001000-hits.csv").write_text(HITS)
    with pytest.raises(FormatError, match="both of event 1000; remove one"):
        read_hits(folder)


def test_events_with_other_columns_are_refused(tmp_path):
    folder = write_event(tmp_path / "data")
    write_event(folder, 1001, particles=PARTICLES.replace("particle_type", "kind"))
    with pytest.raises(FormatError, match=r"same columns for all events.* event 1001 are other"):
        read_hits(folder)


def test_an_empty_file_is_refused(tmp_path):
    folder = write_event(tmp_path / "data")
    (folder / "event000001000-cells.csv").write_bytes(b"")
    with pytest.raises(FormatError, match=r"cells\.csv: .*the file is empty \(0 bytes\)"):
        read_hits(folder)


def test_a_limit_on_bytes_holds_for_all_files_together(tmp_path):
    folder = write_event(tmp_path / "data")
    with pytest.raises(FormatError, match="allow more with --max-bytes"):
        read_hits(folder, max_bytes=1000)


def framed(hits: Hits, *, frames: int = 7) -> Hits:
    """The same hits in some numbered frames, in their order."""
    number = 3 + 2 * (torch.arange(len(hits)) * frames // len(hits))
    return dataclasses.replace(hits, frame=number, spot=None)


@pytest.fixture(scope="module")
def sample() -> Hits:
    hits = read_hits(VALIDATION)
    return framed(hits.select(hits.known_truth.event < 60))


CHANGES: dict[str, Callable[[Hits], Hits]] = {
    "as it is": lambda hits: hits,
    "measured": lambda hits: dataclasses.replace(hits, truth=None),
    "no codes": lambda hits: dataclasses.replace(
        hits, truth=dataclasses.replace(hits.known_truth, pdg=None)
    ),
    "without the third layer": lambda hits: hits.select(hits.layer != 2),
    "numbers of 63 bits": lambda hits: dataclasses.replace(
        hits,
        truth=dataclasses.replace(hits.known_truth, event=hits.known_truth.event + 2**62),
    ),
    "any float": lambda hits: dataclasses.replace(
        hits,
        energy=torch.from_numpy(
            np.random.default_rng(1)
            .integers(0, 0x7F000000, len(hits), dtype=np.uint32)
            .view(np.float32)
        ),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_written_is_read_back_to_the_bit(tmp_path, sample, same_hits, change):
    hits = CHANGES[change](sample)
    write_hits(hits, tmp_path / "hits.trackml")
    back = read_hits(tmp_path / "hits.trackml")
    same_hits(back, hits)
    assert back.frame is not None
    assert hits.frame is not None
    assert torch.equal(back.frame, hits.frame)
    assert [path.name for path in tmp_path.iterdir()] == ["hits.trackml"]
    assert not any("unit" in note for note in inspect_hits(tmp_path / "hits.trackml").remarks)


def test_noise_comes_back_as_noise(tmp_path, sample, same_hits):
    truth = sample.known_truth
    noise = torch.arange(len(sample)) % 10 == 3
    truth = Truth(
        event=truth.event.where(~noise, -1),
        track=truth.track.where(~noise, -noise.long().cumsum(0)),
        parent=truth.parent.where(~noise, -1),
    )
    hits = dataclasses.replace(sample, truth=truth)
    write_hits(hits, tmp_path / "hits.trackml")
    same_hits(read_hits(tmp_path / "hits.trackml"), hits)


def test_double_precision_is_rounded_as_everywhere(tmp_path, sample, same_hits):
    position = sample.position.double() + 1e-9
    hits = dataclasses.replace(sample, position=position, energy=sample.energy.double() / 3)
    write_hits(hits, tmp_path / "hits.trackml")
    stored = [float(row["x"]) for row in rows_of(tmp_path / "hits.trackml/event000000003-hits.csv")]
    assert stored == position[: len(stored), 0].tolist()
    same_hits(read_hits(tmp_path / "hits.trackml"), hits.to(torch.float32))


def two_tracks(frame: int | None = None) -> Tracks:
    """Hits 4, 2 and 0 are a track, 1 and 3 another one; hit 5 has none."""
    number = torch.arange(6)
    truth = Truth(event=number // 2, track=torch.ones(6).long(), parent=torch.zeros(6).long())
    hits = Hits(
        position=torch.stack([number * 0.1, number * 0.2, 10.0 * (5 - number)], dim=1),
        energy=0.1 + number,
        layer=5 - number,
        truth=truth,
        frame=None if frame is None else torch.full((6,), frame),
    )
    return Tracks(hits=hits, index=torch.tensor([4, 2, 0, 3, 1]), offset=torch.tensor([0, 3, 5]))


def test_the_submission_has_the_track_of_every_hit(tmp_path):
    write_tracks([(0, two_tracks()), (8, two_tracks(frame=5))], tmp_path / "t.trackml")
    rows = rows_of(tmp_path / "t.trackml" / "submission.csv")
    assert [int(row["event_id"]) for row in rows] == [0] * 6 + [5] * 6
    assert [int(row["hit_id"]) for row in rows] == [1, 2, 3, 4, 5, 6] * 2
    assert [int(row["track_id"]) for row in rows] == [1, 2, 1, 2, 1, 0] * 2
    folder = tmp_path / "t.trackml"
    hits, truth = (rows_of(folder / f"event000000005-{n}.csv") for n in ("hits", "truth"))
    assert [row["layer_id"] for row in hits] == ["5", "4", "3", "2", "1", "0"]
    assert sum(float(row["weight"]) for row in truth) == pytest.approx(1, abs=1e-12)
    particles = rows_of(folder / "event000000005-particles.csv")
    assert [(row["particle_id"], row["nhits"], row["eventID"]) for row in particles] == [
        ("1", "2", "0"),
        ("2", "2", "1"),
        ("3", "2", "2"),
    ]
    assert [row["particle_id"] for row in truth] == ["1", "1", "2", "2", "3", "3"]


def test_no_frames_are_a_submission_without_rows(tmp_path):
    write_tracks([], tmp_path / "t.trackml")
    assert (tmp_path / "t.trackml" / "submission.csv").read_text() == "event_id,hit_id,track_id\n"


def test_an_old_folder_of_events_is_replaced_and_others_are_kept(tmp_path, sample):
    write_hits(sample, tmp_path / "t.trackml")
    write_tracks([(0, two_tracks())], tmp_path / "t.trackml")
    assert len(list((tmp_path / "t.trackml").iterdir())) == 5
    (tmp_path / "t.trackml" / "thesis.tex").touch()
    with pytest.raises(FormatError, match=r"thesis.tex is there; name another folder"):
        write_hits(sample, tmp_path / "t.trackml")
    (tmp_path / "file.trackml").touch()
    with pytest.raises(FormatError, match="it is a file; name another"):
        write_hits(sample, tmp_path / "file.trackml")


def test_nothing_is_left_of_a_failed_folder(tmp_path, sample, full_disk):
    def frames():
        yield 0, two_tracks()
        raise KeyboardInterrupt

    write_hits(sample, tmp_path / "old.trackml")
    before = sorted(path.name for path in (tmp_path / "old.trackml").iterdir())
    with pytest.raises(KeyboardInterrupt):
        write_tracks(frames(), tmp_path / "old.trackml")
    with pytest.raises(DataError, match=r"event000000000-hits\.csv comes twice"):
        write_tracks([(0, two_tracks()), (0, two_tracks())], tmp_path / "old.trackml")
    with pytest.raises(DataError, match=r"numbers of frames from 0 to 10\^18"):
        write_tracks([(-1, two_tracks())], tmp_path / "old.trackml")
    with full_disk(3000), pytest.raises(TrackscapeError, match="make room there"):
        write_hits(sample, tmp_path / "old.trackml")
    assert [path.name for path in tmp_path.iterdir()] == ["old.trackml"]
    assert sorted(path.name for path in (tmp_path / "old.trackml").iterdir()) == before
