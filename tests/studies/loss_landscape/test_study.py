"""A study of seconds: it does everything once, and its page follows from its files alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from studies.decisions import read_decisions
from studies.loss_landscape.__main__ import main
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.findings import findings
from studies.loss_landscape.plan import all_pairs, all_runs, measured_folder
from studies.loss_landscape.summary import Summary, summarise_study
from studies.loss_landscape.work import carry_out_study
from studies.registered import Rules, read_figures
from trackscape import samples
from trackscape.errors import RunError

pytestmark = pytest.mark.slow
CONFIG = Path(__file__).parents[3] / "configs" / "landscape" / "tiny.yaml"
PAGE = Path(__file__).parents[3] / "docs" / "studies" / "loss_landscape.md"
STUDY = StudyConfig.load(CONFIG)
RULES = Rules.load(Path(__file__).parents[3] / "configs" / "registered" / "published.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Holds ``runs``, ``archive`` and ``docs/studies/loss_landscape.md`` of a whole study."""
    folder = tmp_path_factory.mktemp("study")
    places = {"data": samples.FOLDER, "archive": folder / "archive"}
    main(CONFIG, folder / "runs", page_in(folder), **places)
    return folder


def page_in(folder: Path) -> Path:
    """Returns the page in a folder, at first a copy of that of the docs."""
    page = folder / "docs" / "studies" / PAGE.name
    if not page.exists():
        page.parent.mkdir(parents=True)
        shutil.copy(PAGE, page)
    return page


@pytest.fixture(scope="module")
def measured(folder) -> Path:
    return measured_folder(STUDY, folder / "runs")


@pytest.fixture(scope="module")
def summary(folder) -> Summary:
    return summarise_study(STUDY, runs=folder / "runs")


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_missing_is_done_again_to_the_same_bytes(folder, measured):
    before = content(measured)
    run, pair = all_runs(STUDY)[-1], all_pairs(STUDY)[0]
    for name in (
        f"{run.name}-decided.json",  # the last of what is decided, of which the rest is there
        f"{run.name}-plane.npz",
        f"{pair.name}-paths.npz",
        f"{all_runs(STUDY)[0].setting}-layers.json",
    ):
        (measured / name).unlink()
    kept = {path: path.stat().st_mtime_ns for path in measured.glob("*-paths.npz")}
    carry_out_study(STUDY, data=samples.FOLDER, runs=folder / "runs", workers=1)
    assert content(measured) == before
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())


def test_of_an_archive_nothing_long_is_done_again(folder, measured, tmp_path, capsys):
    runs, archive = tmp_path / "runs", folder / "archive"
    main(CONFIG, runs, page_in(tmp_path), data=samples.FOLDER, archive=archive)
    said = capsys.readouterr().err
    assert "decisions ptt-s0" in said
    assert not any(f" {what} " in said for what in ("plane", "paths"))
    assert not list(runs.rglob("*.ckpt"))  # nothing was trained
    assert page_in(tmp_path).read_bytes() == page_in(folder).read_bytes()
    assert content(measured).keys() == {
        measured / path.relative_to(measured_folder(STUDY, runs))
        for path in content(measured_folder(STUDY, runs))
    }


def test_the_page_follows_from_the_files_alone(folder, tmp_path):
    page = page_in(tmp_path)
    main(CONFIG, folder / "runs", page, data=tmp_path, report_only=True)
    assert page.read_bytes() == page_in(folder).read_bytes()
    for name in ("planes", "profiles", "layers", "decisions"):
        picture = tmp_path / "docs" / "images" / f"loss_landscape_{name}.png"
        assert picture.stat().st_size > 10_000
        assert f"(../images/{picture.name})" in page.read_text()


def test_a_page_needs_a_finished_study(tmp_path):
    with pytest.raises(RunError, match=r"decided\.json: expected the result of a finished"):
        summarise_study(STUDY, runs=tmp_path)


def test_the_page_says_what_was_found(folder, summary):
    text = page_in(folder).read_text()
    parts = [part.partition("<!-- end -->")[0] for part in text.split("<!-- generated:")[1:]]
    text = "\n".join(parts)
    assert "nan" not in text
    found = [
        finding.verdict for finding in findings(summary, [each.name for each in STUDY.settings])
    ]
    assert set(found[:-4]) <= {"holds here", "does not hold here", "not shown here"}
    assert sum(text.count(f" | **{verdict}** | ") for verdict in set(found)) == len(found)
    for each in summary.reached:
        assert text.count(f"\n| {each.setting} |") >= 3


def test_paths_end_at_the_trainings(measured, summary):
    """On the same frames, where BatchNorm is not in the way: a plane's centre is a path's end."""
    ours = summary.compared[1]
    plane = summary.planes["trackscape"]
    for route, values in ours.paths.values.items():
        assert ours.paths.names[:2] == plane.names
        ends = values[0, 0, :, :2].mean(dim=0).numpy()
        centre = [plane.mean(name)[1, 1] for name in plane.names]
        np.testing.assert_allclose(ends, centre, rtol=1e-5, err_msg=route)
    first = summary.published.paths.values
    for route in first:
        np.testing.assert_array_equal(first[route][:, 0], first["line"][:, 0])
        # A permuted training is the same one, but for the order of its sums.
        np.testing.assert_allclose(first[route][..., 0][:, -1], first["line"][..., 0][:, -1], 1e-4)


def test_decisions_are_those_of_the_evaluated_assignment(measured, summary):
    for run in all_runs(STUDY):
        decisions = read_decisions(measured / f"{run.name}-own")[STUDY.per_frame]
        errors = [
            (each.true_edges - each.selected_true_edges + each.selected_false_edges)
            for each in decisions.counts["tuned"]
        ]
        chosen = sum(
            each.selected_true_edges + each.selected_false_edges
            for each in decisions.counts["tuned"]
        )
        assert int(decisions.chosen.sum()) == chosen
        assert len(errors) == STUDY.similarity.decided_frames
    ptt = next(each for each in summary.reached if each.setting == "ptt")
    assert 0 < ptt.quality["own"].error.value < 0.5


def test_planes_are_around_the_trainings(summary):
    for flatness in summary.flatness:
        assert flatness.kind == "exact Hessian"
        assert flatness.residual <= STUDY.planes.tolerance
        assert abs(flatness.eigenvalues[0].max) > 0
    # A plane counts its own centre as flat.
    assert min(each.flat[each.smooth].min for each in summary.flatness) >= 1 / 9


def test_the_seeds_that_are_there_give_the_numbers_of_the_registered_findings(folder, tmp_path):
    with pytest.raises(RunError, match="expected 3 seeds at least"):
        main(CONFIG, folder / "runs", page_in(tmp_path), data=samples.FOLDER, trained_only=True)
    figures = tmp_path / "figures.json"
    main(CONFIG, folder / "runs", page_in(tmp_path), report_only=True, figures=figures)
    measured = read_figures(figures)
    assert measured.seeds == len(STUDY.seeds)
    # Tests between settings need three seeds: see test_registered_names.py.
    named = {rule.statistic for rule in RULES.findings if "CKA" not in rule.statistic}
    missing = {
        "WEPL error beside ptt",
        "RSP error beside ptt",
        "disagreement by strength, trained rule",
        "disagreement of methods beyond seeds, trained rule",
    }
    assert named - measured.figures.keys() == missing
    assert all("pat-25" in of for name, of in measured.figures.items() if "beside" in name)
