"""Workers of Ray give the same bytes, and their errors and deaths come back."""

import importlib
import sys

import pytest

from trackscape.errors import RunError
from trackscape.execution import RayCluster, compute_array

# What Ray does with devices that nobody asked for will change.
QUIET = "ignore:.*Ray will no longer override accelerator:FutureWarning"


@pytest.fixture
def by_value(roots):
    """Workers do not see the modules of the tests, so that work goes there with its code."""
    ray = pytest.importorskip("ray")
    module = sys.modules[roots.__module__]
    ray.cloudpickle.register_pickle_by_value(module)
    yield roots
    ray.cloudpickle.unregister_pickle_by_value(module)


@pytest.mark.slow
@pytest.mark.filterwarnings(QUIET)
def test_workers_give_the_same_bytes_though_one_dies(by_value, tmp_path):
    work = by_value(dies_at=20, dies_once=str(tmp_path / "died"))
    found = compute_array(work, executor=RayCluster(2), progress=False)
    assert (tmp_path / "died").exists()
    assert found.tobytes() == compute_array(by_value(), progress=False).tobytes()
    assert not importlib.import_module("ray").is_initialized()


@pytest.mark.slow
@pytest.mark.filterwarnings(QUIET)
def test_an_error_comes_back_with_its_kind_and_a_connection_stays(by_value):
    ray = importlib.import_module("ray")
    ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with pytest.raises(ZeroDivisionError, match="at item 3"):
            compute_array(by_value(fails_at=3), executor=RayCluster(), progress=False)
        assert ray.is_initialized()
    finally:
        ray.shutdown()


def test_without_ray_it_is_named(roots, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RunError, match=r"pip install ray"):
        compute_array(roots(), executor=RayCluster(1), progress=False)


def test_no_worker_is_no_choice():
    with pytest.raises(RunError, match="at least 1 worker"):
        RayCluster(0)
