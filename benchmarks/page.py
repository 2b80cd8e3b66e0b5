"""Pieces of the pages of all benchmarks; light, since processes that are measured import it."""

import re
from collections.abc import Sequence
from pathlib import Path

from studies import markdown


def processor() -> str:
    """Model of this machine's processor (Linux only)."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", info)
    return model[1] if model else "unknown model"


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown; all columns but the first are numbers."""
    return markdown.table(headers, rows, align="right")
