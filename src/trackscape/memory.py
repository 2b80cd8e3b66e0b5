"""How a process of ours gets its memory."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # parameters of mallopt, from glibc's malloc.h


def keep_freed_memory() -> None:
    """Makes glibc keep freed memory for the next tensor instead of giving it back.

    Getting the tensors of each step of training fresh from the kernel, page by page, takes up to
    two fifths of the time. This concerns the whole process, so only the command line and processes
    that do jobs do it.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
