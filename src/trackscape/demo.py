"""Everything once: train through the assignment, reconstruct, evaluate, show it on a page."""

import csv
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from trackscape import imaging, samples
from trackscape.display import viewer_fragment
from trackscape.errors import FormatError
from trackscape.evaluation import HIT_BINS, Summary
from trackscape.evaluation.evaluate import Tally, evaluate_frames, split_file
from trackscape.pages import Page
from trackscape.progress import show_progress
from trackscape.scoring import METHODS, load_network
from trackscape.simulation import MANIFEST, Scan, read_scan
from trackscape.tracking import Tracker, load_tracker, network_tracker, rate_tracks
from trackscape.tracking.acceptance import choose_cut, describe_acceptance
from trackscape.training.config import TrainingConfig
from trackscape.training.train import Trained, train

DEMO_CONFIG = samples.FOLDER / "demo.yaml"
_SHOWN = ("purity", "efficiency", "strict_purity", "reconstructable_efficiency", "edge_tpr")
WITH_INTERVAL = ("purity", "efficiency")
MOST_FRAMES = 8


def run_demo(*, data: Path | None, output: Path, progress: bool = True) -> Path:
    """Trains PAT briefly, compares it with the shipped weights and returns ``report.html``.

    Arguments:
        data: Folder with hit files named ``*_train.*`` and ``*_val.*``; None: the shipped sample.
            If it is a scan, the sample is used, and the page ends with an image of the scan.
        output: Folder for the run and the report.
        progress: Whether to show progress bars.
    """
    scan = read_scan(data) if data is not None and (data / MANIFEST).exists() else None
    folder = samples.FOLDER if data is None or scan is not None else data
    config = _with_files_of(folder, TrainingConfig.load(DEMO_CONFIG))
    trained = train(config, data=folder, runs=output / "runs", seed=0, progress=progress)
    size = config.data.sizes[0]
    files = [split_file(folder / name, per_frame=size) for name in config.data.validation]
    frames = [frame for file in files for frame in file.frames[:MOST_FRAMES]]
    cut = choose_cut(files[0].depths)
    just_trained = load_network(trained.folder)
    trackers: dict[str, Tracker] = {"trained just now (PAT)": network_tracker(just_trained)}
    trackers |= {f"{method} (shipped)": load_tracker(method) for method in METHODS}
    tallies = {name: Tally() for name in trackers}
    summaries = [
        evaluate_frames(
            frames,
            tracker=tracker,
            method=name,
            per_frame=size,
            progress=show_progress if progress else iter,
            min_last_deposit=cut.min_last_deposit,
            tally=tallies[name],
        )
        for name, tracker in trackers.items()
    ]
    rejected = (f"{name}: {describe_acceptance(each.total)}" for name, each in tallies.items())
    said = [str(cut), *rejected]
    name, tracker = next(iter(trackers.items()))
    rated = rate_tracks(tracker, frames[0], min_last_deposit=cut.min_last_deposit)
    view = viewer_fragment(rated, f"Frame 0, {name}")
    page = _report(config, trained, summaries, said, view)
    if scan is not None:
        _add_image(page, scan, progress=show_progress if progress else iter)
    page.write(output / "report.html")
    return output / "report.html"


def _with_files_of(folder: Path, config: TrainingConfig) -> TrainingConfig:
    files = {
        part: tuple(sorted(path.name for path in folder.glob(f"*_{part}.*")))
        for part in ("train", "val")
    }
    for part, names in files.items():
        if not names:
            raise FormatError(
                f"{folder}: expected hit files named *_train.* and *_val.*, but there is no "
                f"*_{part}.*. Rename your files or choose another folder."
            )
    data = config.data.model_copy(update={"training": files["train"], "validation": files["val"]})
    return config.model_copy(update={"data": data})


def _report(
    config: TrainingConfig,
    trained: Trained,
    summaries: Sequence[Summary],
    said: Sequence[str],
    view: str,
) -> Page:
    report = Page("trackscape: a tracker trained through its own decision")
    n_graphs = config.optimiser.steps * config.optimiser.graphs_per_step
    report.add_text(
        f"A graph network with 4,961 parameters has seen {n_graphs} readout frames of "
        f"{config.data.sizes[0]} protons. Its loss was the number of wrong decisions of the "
        "assignment that joins the hits, and the gradient went through that assignment. Below, "
        f"it is compared with the shipped weights on {summaries[0].frames} frames that none of "
        "them has been trained on. All hits are simulated."
    )
    titles = [name.replace("_", " ") for name in _SHOWN]
    report.add_table(["method", *titles, "ms a frame"], [_row(s) for s in summaries], _CAPTION)
    ceilings = [f"{100 * s.graph_ceiling:.1f} % for {s.method}" for s in summaries]
    report.add_text(
        "A network can only choose among the segments of its graph. The share of the true segments "
        f"that the graph holds: {', '.join(ceilings)}."
    )
    for sentence in said:
        report.add_text(sentence)
    report.add_heading("While it learned")
    learned = _learning_curve(trained.folder / "metrics.csv")
    report.add_figure(learned, "Measured on frames that are not trained on.")
    report.add_heading("Which protons are found")
    found = "Reconstructable primaries that are found, by their hits."
    report.add_figure(_by_hits(summaries), found)
    report.add_heading("One frame")
    report.add_html_fragment(view)
    return report


def _add_image(
    page: Page, scan: Scan, *, progress: Callable[[Sequence[int]], Iterable[int]]
) -> None:
    # Some protons of a spot leave no hit.
    per_frame = max(1, min(100, int(0.6 * scan.primaries / len(scan.spots))))
    method = "trackscape"
    recipe = imaging.Recipe(method, load_tracker(method), per_frame, imaging.read_calibration())
    tables = scan.folder / f"tracks_{method}_{per_frame}"
    found = imaging.track_scan(scan, recipe, tables, progress=progress)
    image = imaging.make_image(
        found.rows, found.angles, optics=found.optics, method="tv", progress=progress
    )
    page.add_heading("An image of the scan")
    about = f"{len(scan.angles)} angles of {scan.primaries:,} protons: {scan.phantom_name}."
    text = f"Relative stopping power, least total variation. {about}"
    page.add_figure(imaging.draw_image(image), text)
    if scan.phantom.inserts:
        score = imaging.score_image(image, scan.phantom)
        rows = [[i.name, i.true, i.mean, f"{100 * i.error:+.1f} %"] for i in score.inserts]
        page.add_table(["insert", "true", "image", "error"], rows, "At 190 MeV.")


_CAPTION = (
    "In %, with 95 % bootstrap intervals over frames. Purity and efficiency as published; strict "
    "purity and reconstructable efficiency count every accepted track and every primary that "
    "could be found. The time is the median from the hits of a frame to its tracks."
)


def _row(summary: Summary) -> list[str]:
    cells = [summary.method]
    for name in _SHOWN:
        low, high = summary.intervals[name]
        interval = f" ({100 * low:.1f} to {100 * high:.1f})" if name in WITH_INTERVAL else ""
        cells.append(f"{100 * summary.values[name]:.1f}{interval}")
    return [*cells, f"{1e3 * summary.seconds_per_frame:.0f}"]


def _learning_curve(metrics: Path) -> Figure:
    with metrics.open() as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for name in ("purity", "efficiency"):
        values = [100 * float(row[f"validation_{name}"]) for row in rows]
        axes.plot([int(row["step"]) for row in rows], values, marker="o", label=name)
    axes.set(xlabel="step", ylabel="validation, %")
    axes.margins(y=0.15)
    axes.legend(frameon=False)
    return figure


def _by_hits(summaries: Sequence[Summary]) -> Figure:
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for summary, marker in zip(summaries, itertools.cycle("osD^vX"), strict=False):
        found = zip(summary.total.found_by_hits, summary.total.reconstructable_by_hits, strict=True)
        shares = [100 * part / whole if whole else float("nan") for part, whole in found]
        axes.plot(HIT_BINS, shares, marker=marker, label=summary.method)
    axes.set(xlabel="hits of the primary, from ... on", ylabel="found, %", ylim=(0, 100))
    axes.legend(frameon=False)
    return figure
