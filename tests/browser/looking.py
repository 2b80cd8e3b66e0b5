"""What a page shows, as numbers: pixels of a canvas by colour, and contrast of texts."""

from playwright.sync_api import Locator, Page

WIDTHS = {"wide": (1280, 900), "narrow": (390, 844)}

_PIXELS = """(canvas, [x, y, width, height]) => {
  const { data } = canvas.getContext("2d").getImageData(x, y, width, height);
  const counts = {};
  for (let k = 0; k < data.length; k += 4) {
    if (data[k + 3] < 128) continue; // nothing is drawn there
    const key = (data[k] << 16) | (data[k + 1] << 8) | data[k + 2];
    counts[key] = (counts[key] || 0) + 1;
  }
  return counts;
}"""
# Every text that can be seen and stands out too little from what is behind it: a ratio of 4.5, or 3
# of large letters, as the guidelines for accessible content (WCAG 2, AA) ask for.
_FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
  const known = new Map()
  const channels = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      known.set(colour, [...canvas.getImageData(0, 0, 1, 1).data].map((each) => each / 255))
    }
    return known.get(colour)
  }
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((c, n) => c * a + [R, G, B][n] * (1 - a))
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ground = (element) => {
    const chain = []
    for (let each = element; each; each = each.parentElement) {
      chain.unshift(channels(getComputedStyle(each).backgroundColor))
    }
    return chain.reduce((below, colour) => over(colour, below), [1, 1, 1])
  }
  const bad = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const box = element.getBoundingClientRect()
    if (!walker.currentNode.data.trim() || !box.width || !box.height) continue
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue
    if (element.closest("script, style, .md-header .md-search, .headerlink")) continue
    const style = getComputedStyle(element)
    const size = parseFloat(style.fontSize)
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700)
    const behind = ground(element)
    const [r, g, b, a] = channels(style.color)
    let opacity = a
    for (let each = element; each; each = each.parentElement) {
      opacity *= getComputedStyle(each).opacity
    }
    const lights = [light(over([r, g, b, opacity], behind)), light(behind)]
    const [one, two] = lights.sort((x, y) => y - x)
    const ratio = (one + 0.05) / (two + 0.05)
    if (ratio < (large ? 3 : 4.5)) {
      const text = walker.currentNode.data.trim().slice(0, 30)
      bad.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${text}`)
    }
  }
  return [...bad]
}"""


def colours(
    canvas: Locator, around: tuple[float, float] | None = None
) -> dict[tuple[int, ...], int]:
    """Number of pixels of each colour on a canvas, or within 2 pixels around a place on it."""
    if around is None:
        where = [0, 0, *canvas.evaluate("canvas => [canvas.width, canvas.height]")]
    else:
        where = [*(round(each) - 2 for each in around), 5, 5]
    found = canvas.evaluate(_PIXELS, where)
    return {tuple(int(key).to_bytes(3, "big")): count for key, count in found.items()}


def near(counts: dict[tuple[int, ...], int], colour: tuple[int, ...], within: int = 40) -> int:
    """Number of pixels that differ from a colour by so much in no channel."""
    return sum(
        count
        for found, count in counts.items()
        if all(abs(one - other) <= within for one, other in zip(found, colour, strict=True))
    )


def rgb(text: str) -> tuple[int, ...]:
    """Channels of ``#aabbcc``, ``#abc`` or ``rgb(1, 2, 3)``."""
    if text.startswith("#"):
        digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
        return tuple(bytes.fromhex(digits))
    return tuple(int(float(part)) for part in text[text.index("(") + 1 : -1].split(",")[:3])


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Ratio of luminances as the guidelines for accessible content (WCAG 2) define it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    return _weighted((0.2126, 0.7152, 0.0722), _linear(colour))


def _linear(colour: tuple[int, ...]) -> list[float]:
    shares = [channel / 255 for channel in colour]
    return [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]


def _weighted(weights: tuple[float, ...], values: list[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


# Machado, Oliveira, Fernandes, IEEE TVCG 15 (2009) 1291, whole loss of one kind of cone.
BLINDNESS = {
    "red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "blue": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def as_seen(colour: tuple[int, ...], blindness: str) -> list[float]:
    """Linear red, green and blue, from 0 to 1, as an eye without that kind of cone sees them."""
    return [_weighted(row, _linear(colour)) for row in BLINDNESS[blindness]]


def faint_texts(page: Page) -> list[str]:
    """Texts that stand out too little from what is behind them, each with its contrast."""
    return page.evaluate(_FAINT)


def variable(page: Page, name: str) -> tuple[int, ...]:
    """A colour that the style of the viewer names."""
    script = "(root, name) => getComputedStyle(root).getPropertyValue('--' + name).trim()"
    return rgb(page.locator(".viewer").evaluate(script, name))


def settle(page: Page) -> None:
    """Waits until what was asked for is drawn: two frames of animation."""
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
