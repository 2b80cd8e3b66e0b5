"""Training with what a wrong segment costs the image: the same network, other losses, as a page.

Run as ``python -m studies.downstream TUNING JUDGED --archive studies/archive/downstream -o
docs/studies/downstream.md``, with two scans of CTP404 that ``trackscape simulate --scan
configs/scan/ctp404.yaml --seed N`` made. The shipped weights are trained further on frames of the
even-numbered angles of the first, and judged on odd-numbered angles of the second. Regrets are in
protons lost: κ counts as 1. The page is written by hand but for its generated part.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from studies.downstream.judge import judge
from studies.downstream.losses import LOSSES
from studies.downstream.page import by_name, page
from studies.downstream.train import PER_FRAME, train, weights_file
from studies.markdown import replace_parts
from trackscape.simulation import read_scan


def main(
    tuning: Annotated[Path, typer.Argument(help="Folder of the scan to train with.")],
    judged: Annotated[Path, typer.Argument(help="Folder of the scan to judge by.")],
    archive: Annotated[Path, typer.Option(help="Folder that keeps the weights.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page whose part to write.")],
    steps: Annotated[int, typer.Option(help="Frames to train with.")] = 300,
    angles: Annotated[int, typer.Option(help="Odd-numbered angles to judge by.")] = 15,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings with each loss.")] = 5,
) -> None:
    """Train with each loss, judge all and write the page."""
    torch.set_num_threads(1)
    first, second = read_scan(tuning), read_scan(judged)
    for seed in range(seeds):
        train(first, steps=steps, seed=seed, archive=archive)
    odd = np.arange(1, len(second.files), 2)
    numbers = odd[np.linspace(0, len(odd), angles, endpoint=False).astype(int)].tolist()
    names = list(LOSSES)
    files = [weights_file(archive, name, seed) for name in names for seed in range(seeds)]
    sums = torch.from_numpy(judge(second, numbers, [None, *files]))
    about = (
        f"{seeds} trainings with each loss, {steps} frames of {PER_FRAME} protons from scan "
        f"{first.seed}, one for each step of Adam. Judged by {angles} angles of scan "
        f"{second.seed}, {int(sums[0, :, 0].sum()):,} protons. Intervals at 95 % from leaving out "
        "one seed, and one angle, at a time."
    )
    parts = page(by_name(sums, names, seeds=seeds), control=names[0], about=about)
    replace_parts(output, {"numbers": parts})


if __name__ == "__main__":
    typer.run(main)
