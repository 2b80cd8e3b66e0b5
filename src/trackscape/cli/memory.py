"""How the process gets its memory."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # parameters of mallopt, from glibc's malloc.h


def keep_freed_memory() -> None:
    """Makes the C library keep freed memory for the next tensor instead of giving it back.

    A step of training frees and asks for tensors of many megabytes again and again. Getting each of
    them fresh from the kernel, page by page, takes two fifths of the time. This concerns the whole
    process, so only the command line does it, never an import. Does nothing without glibc.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
