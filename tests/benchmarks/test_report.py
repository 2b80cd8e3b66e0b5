"""What the page of the benchmarks says follows from the numbers."""

import math
from pathlib import Path

import pytest

from benchmarks.agreement import STEPS, Agreement
from benchmarks.cases import PHANTOMS, Case, Size
from benchmarks.conditions import check
from benchmarks.floor import floors
from benchmarks.machine import Machine
from benchmarks.memory import Memory
from benchmarks.report import write_page
from benchmarks.results import Results
from benchmarks.scaling import Point, exponent, exponents
from benchmarks.stages import FROM_HITS, NETWORK, WHOLE, all_work

MACHINE = Machine(
    model="model",
    architecture="x86_64",
    cores=2,
    threads=2,
    python="3.11",
    versions={},
    load=0.0,
    multiply_adds=1e9,
    bandwidth=1e9,
)
CASES = [Case(100, 50), Case(100, 100), Case(100, 150), Case(150, 100), Case(200, 100)]
SLOWER = {"ours": 1.0, "baseline": 25.0, "variant": 5.0}

AGREEMENT = Agreement(
    frames=2, hits=5000, same=1.0, logit=1e-5, single=[1e-6] * len(STEPS), double=[0.0] * len(STEPS)
)


def make_results(*, milliseconds: float, growth: float = 1.0) -> Results:
    """Every stage takes as long; the baseline takes 25 times, a variant 5 times as long."""
    return Results(
        machine=MACHINE,
        about="files",
        times={
            (stage, who, case): milliseconds * SLOWER[who]
            for stage, who in all_work()
            for case in CASES
        },
        sizes={case: Size(1e3, 1e4, 1e6) for case in CASES},
        memory={
            (stage, who, case): Memory(100.0, 200.0 * SLOWER[who])
            for stage in FROM_HITS
            for who in ("ours", "baseline")
            for case in CASES
        },
        scaling=[
            Point(n, edges=n**2, line_graph_edges=n**3, whole=(n**3) ** growth, network=n, memory=n)
            for n in (25, 50, 100, 200)
        ],
        agreement=AGREEMENT,
    )


def test_all_conditions_hold_where_everything_is_fast():
    assert all(condition.holds for condition in check(make_results(milliseconds=1.0)))


def test_a_slow_library_fails_but_for_what_it_is_many_times_faster_at():
    whole, memory, assignment, ratio, gradient, *training, peak, growth, _, _ = [
        condition.holds for condition in check(make_results(milliseconds=1000.0, growth=1.1))
    ]
    assert (whole, memory, ratio, training, peak) == (True, True, True, [True, True], True)
    assert (assignment, gradient, growth) == (False, False, False)


def test_what_was_not_measured_is_neither_passed_nor_failed():
    results = make_results(milliseconds=1.0)
    results.times.clear()
    results.memory.clear()
    results.scaling.clear()
    assert [condition.holds for condition in check(results)[:-2]] == [None] * 9


def test_a_single_phantom_is_not_enough_for_the_mean_of_all():
    results = make_results(milliseconds=1.0)
    for key in [key for key in results.times if key[2].thickness == PHANTOMS[-1]]:
        del results.times[key]
    training = [c.holds for c in check(results) if c.target.startswith("training, ")]
    assert training == [None, None]


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_exponents_of_power_laws(power):
    n = [25, 50, 100, 400]
    assert exponent(n, [7 * value**power for value in n]) == pytest.approx(power)
    points = make_results(milliseconds=1.0, growth=power).scaling
    fits = exponents(points, of="whole", against="per_frame")
    assert fits == pytest.approx((3 * power, 3 * power))
    assert math.isnan(exponents(points[:3], of="whole", against="per_frame")[1])


def test_floor_of_a_network_by_hand():
    # 1e6 messages of two layers of 16 x 16 and 5 sums of 16, at 1e9 multiply-adds a second
    bounds = floors(Size(1e3, 1e4, 1e6), MACHINE)
    assert bounds[NETWORK] == pytest.approx(592)
    assert bounds[WHOLE] == pytest.approx(592 + 0.16 + 0.12)


def test_the_page_and_its_figure_are_written(tmp_path: Path):
    page = tmp_path / "benchmarks.md"
    write_page(make_results(milliseconds=2.0), page)
    text = page.read_text(encoding="utf-8")
    assert "| network | 2 / 50 / **25** | 2 / 50 / **25** | 2 / 50 / **25** |" in text
    assert "nan" not in text
    assert "| hits to tracks | 3.00 / 3.00 | 1.00 / 1.00 |" in text
    assert (tmp_path / "images" / "scaling.png").read_bytes().startswith(b"\x89PNG")
