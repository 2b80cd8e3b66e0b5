"""Pictures of the site: large ones are made smaller than the repository has them."""

from pathlib import Path

from PIL import Image

LARGE = 150_000
"""Bytes from which a picture is made smaller."""
WIDEST = 1600
"""Pixels: twice what a page is wide, for screens with two pixels in each direction."""


def shrink(site: Path) -> None:
    """Writes PNG files over `LARGE` anew: at most `WIDEST` across, with 256 colours."""
    for path in site.rglob("*.png"):
        before = path.stat().st_size
        if before < LARGE:
            continue
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        if picture.width > WIDEST:
            height = round(picture.height * WIDEST / picture.width)
            picture = picture.resize((WIDEST, height), Image.Resampling.LANCZOS)
        small = path.with_suffix(".small")
        picture.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        if small.stat().st_size < before:
            small.replace(path)
        small.unlink(missing_ok=True)
