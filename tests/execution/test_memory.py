"""Memory that was freed is there again without the kernel's help."""

import platform
import resource

import pytest

from trackscape.execution import Processes, run_jobs

PAGES = 16_384


def pages_of_second_text(_: int) -> int:
    """Returns how many pages the kernel gives for 64 MB after as many were freed."""
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        text = b"x" * (PAGES * 4096)
        taken = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        del text
    return taken


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory")
def test_a_process_for_jobs_keeps_the_memory_that_it_freed():
    ((_, taken),) = run_jobs(pages_of_second_text, [0], Processes(1))
    assert taken < PAGES / 10
