"""The page of images: what is in its tables, from images that are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.imaging import __main__ as bench
from benchmarks.imaging.engines import ENGINES, SHAPE, SIZE
from trackscape.simulation import parse_phantom, rsp_image


@pytest.fixture(scope="module")
def scan() -> SimpleNamespace:
    return SimpleNamespace(
        phantom=parse_phantom("ctp404"),
        phantom_name="ctp404",
        angles=np.arange(90) * 4.0,
        primaries=8000,
        engine="fast",
        seed=0,
    )


@pytest.fixture(scope="module")
def true(scan) -> np.ndarray:
    edges = np.arange(SHAPE[0] + 1) - SIZE / 2
    return rsp_image(scan.phantom, (edges, np.array([-10.0, 10.0]), edges))[:, 0]


def find(image, scan) -> bench.Found:
    image = image + np.random.default_rng(0).normal(0, 1e-7, image.shape)
    return bench.Found(3, bench.score(image, scan), bench.rms(image, scan), 1.5, 100.0, 200.0)


def test_the_true_image_has_no_error(scan, true):
    found = find(true, scan)
    assert found.rms < 1e-6
    assert found.score.mean_absolute_error < 1e-6
    assert bench.rms(true + 0.01, scan) == pytest.approx(0.01)


def test_the_sinogram_without_noise(scan, tmp_path):
    bench.write_ideal(scan, tmp_path)
    with np.load(tmp_path / "sinogram.npz") as arrays:
        wepl, angles = arrays["wepl"], arrays["angles"]
    assert wepl.shape == (90, SHAPE[0])
    assert np.allclose(angles, np.arange(90) * np.pi / 45)
    true = bench.relative_stopping_power(bench.shipped_materials()["epoxy"])
    total = wepl.sum(axis=1)
    inserts = sum(
        np.pi * each.radius**2 * (bench.relative_stopping_power(each.material) - true)
        for each in scan.phantom.inserts
    )
    assert total == pytest.approx(np.pi * 75**2 * true + inserts, rel=0.01)


def test_the_page_has_a_line_for_each_engine_and_says_who_differs(scan, true, monkeypatch):
    monkeypatch.setattr(bench.importlib.metadata, "version", lambda _: "1.0")
    found = {name: find(true, scan) for name in ENGINES}
    found["itk-rtk"] = find(1.004 * true, scan)
    found["astra-fbp"] = find(0.99 * true, scan)
    text = "\n".join(bench.page([scan, scan], found, dict(found), load=1.0))
    assert "ctp404, 90 angles, 720,000 protons" in text
    assert "itk-rtk 1.0" in text
    for engine in ENGINES.values():
        assert f"| {engine.package} | {engine.what}" in text
    agreement = text[text.index("## Agreement") : text.index("Back-projections of")]
    lines = {line.split("|")[1].strip(): line for line in agreement.splitlines() if "|" in line}
    assert "0.40" in lines["itk-rtk"]
    assert "yes" in lines["itk-rtk"]
    assert "-1.00" in lines["astra-fbp"]
    assert "no" in lines["astra-fbp"]
