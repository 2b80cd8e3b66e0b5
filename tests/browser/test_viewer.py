"""The page of tracks: what it shows, and that it answers to pointer, fingers and keys."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from browser.looking import colours, near, settle, variable
from playwright.sync_api import Locator, Page, Position, expect

Visit = Callable[..., Page]
NAMES = {2212: "proton", 11: "electron", 22: "photon", 2112: "neutron", 1000010020: "deuteron"}
# Margins of a projection in pixels, as projection.js has them.
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 20, 40


def pane(page: Page, name: str) -> Locator:
    return page.locator(f"canvas[data-pane={name}]")


def picture(canvas: Locator) -> str:
    settle(canvas.page)
    return canvas.evaluate("canvas => canvas.toDataURL()")


def counts(page: Page) -> list[int]:
    """Shown, all, correct and wrong tracks, and hits, as the line above the views says."""
    said = page.locator(".counts").inner_text().split(":", 1)[1]
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", said)]


def legend_of(page: Page) -> list[str]:
    labels = page.locator(".legend label").all()
    return [label.inner_text().strip() for label in labels if label.is_visible()]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def middle_of(canvas: Locator) -> tuple[float, float]:
    box = canvas.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_ten_dense_frames_are_a_small_page_that_is_there_at_once(
    visit: Visit, pages: Path, note: Callable[[str], None]
) -> None:
    page = visit("viewer")
    size = (pages / "viewer.html").stat().st_size
    (paint,) = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint').map((paint) => paint.startTime)"
    )
    note(f"10 frames of 150 protons: {size / 1e6:.2f} MB, first paint after {paint:.0f} ms")
    assert size < 5_000_000
    assert paint < 5000  # a busy machine paints late; 1000 is what it should be


def test_all_frames_hold_what_python_counts(visit: Visit, expected: dict[str, Any]) -> None:
    page = visit("viewer")
    for number, frame in enumerate(expected["frames"]):
        assert page.locator(".counts").inner_text().startswith(f"Frame {number}: ")
        wrong = frame["tracks"] - frame["correct"]
        assert counts(page) == [frame["tracks"]] * 2 + [frame["correct"], wrong, frame["hits"]]
        legend = page.locator(".legend").inner_text().replace(",", "")
        assert f"wrong segments ({frame['wrong segments']})" in legend
        assert f"true segments on no track ({frame['missed']})" in legend
        assert f"hits without a track ({frame['free']})" in legend
        press(page, "n" if number % 2 else ".")
    assert page.locator(".counts").inner_text().startswith("Frame 0: ")  # after the last
    press(page, ",", "p")
    assert page.locator(".counts").inner_text().startswith("Frame 8: ")
    page.locator("[data-choose=frame]").select_option("frame 3")
    assert page.locator(".counts").inner_text().startswith("Frame 3: ")


def test_filters_keep_what_python_keeps(visit: Visit, expected: dict[str, Any]) -> None:
    page = visit("viewer")
    for case in expected["frames"][0]["filters"]:
        for name in ("least probability", "most probability", "least length", "most length"):
            value = case["limits"].get(name)
            page.locator(f"[data-limit='{name}']").fill("" if value is None else str(value))
        shown, correct = case["kept"]
        assert counts(page)[0:1] + counts(page)[2:4] == [shown, correct, shown - correct]


def test_filtered_tracks_are_not_drawn(visit: Visit) -> None:
    page = visit("viewer")
    blue = variable(page, "correct")
    before = near(colours(pane(page, "x")), blue)
    page.locator("[data-limit='least probability']").fill("0.9")
    settle(page)
    few = near(colours(pane(page, "x")), blue)
    page.locator("[data-show=correct]").uncheck()
    settle(page)
    assert before > few > 0
    assert near(colours(pane(page, "x")), blue) == 0


def test_frames_are_played_until_they_are_stopped(visit: Visit) -> None:
    page = visit("viewer")
    press(page, "Space")
    assert page.locator("[data-do=play]").inner_text() == "Pause"
    expect(page.locator(".counts")).to_contain_text("Frame 2: ")
    press(page, "Space")
    assert page.locator("[data-do=play]").inner_text() == "Play"
    said = page.locator(".counts").inner_text()
    page.wait_for_timeout(1300)
    assert page.locator(".counts").inner_text() == said


def places_of(page: Page, hits: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Where hits are in the projection on x, in pixels of the canvas, by the limits of the page."""
    (x_low, x_high), _, (z_low, z_high) = page.locator("script[type='application/json']").evaluate(
        "script => JSON.parse(script.textContent).limits"
    )
    width, height = size_of(pane(page, "x"))
    places: list[tuple[float, float]] = []
    for x, _, z in (hit["position"] for hit in hits):
        across, up = (z - z_low) / (z_high - z_low), (x - x_low) / (x_high - x_low)
        left, top = across * (width - LEFT - RIGHT), (1 - up) * (height - TOP - BOTTOM)
        places.append((LEFT + left, TOP + top))
    return places


def size_of(canvas: Locator) -> tuple[int, int]:
    return tuple(canvas.evaluate("canvas => [canvas.clientWidth, canvas.clientHeight]"))


class Lonely(NamedTuple):
    """A hit, and where it is in the projection on x, beside no other."""

    hit: dict[str, Any]
    position: Position


def lonely_hits(page: Page, hits: list[dict[str, Any]], apart: float = 7) -> list[Lonely]:
    places = places_of(page, hits)
    width, height = size_of(pane(page, "x"))
    return [
        Lonely(hit, {"x": x + 1, "y": y + 1})
        for hit, (x, y) in zip(hits, places, strict=True)
        if LEFT < x < width - RIGHT
        if TOP < y < height - BOTTOM
        if sum(abs(x - a) < apart and abs(y - b) < apart for a, b in places) == 1
    ]


def check_words(said: str, hit: dict[str, Any]) -> None:
    said = said.replace("\u2212", "-")
    lines = said.splitlines()
    assert lines[0] == f"layer {hit['layer']}"
    found = re.fullmatch(r"x (.*) mm, y (.*) mm, z (.*) mm", lines[1])
    assert found is not None
    assert [float(x) for x in found.groups()] == pytest.approx(hit["position"], abs=0.0101)
    deposit = re.fullmatch(r"deposit (.*) keV", lines[2])
    assert deposit is not None
    assert float(deposit[1]) == pytest.approx(hit["keV"], abs=0.101)
    name = NAMES.get(hit["pdg"], f"PDG code {hit['pdg']}")
    assert lines[-1].startswith(f"true particle: {name} of event {hit['event']} (")
    assert lines[-1].endswith("(primary)") == hit["primary"]
    if hit["track"] < 0:
        assert lines[3] == "on no track"
        return
    assert lines[3].startswith(f"track {hit['track']}: {hit['length']} hits in layers ")
    probability = lines[4].removeprefix("probability to be right: ")
    assert float(probability) == pytest.approx(hit["probability"], abs=0.0006)
    verdict = "correct" if len(hit["events"]) == 1 else "wrong"
    assert lines[5].startswith(f"{verdict}: ")
    assert set(re.findall(r"\d+", lines[5])) == {str(event) for event in hit["events"]}


def test_a_hit_that_is_pointed_at_says_its_numbers(visit: Visit, expected: dict[str, Any]) -> None:
    page = visit("small")
    lonely = lonely_hits(page, expected["small"]["hits"])
    on = [each for each in lonely if each.hit["track"] >= 0]
    free = [each for each in lonely if each.hit["track"] < 0]
    wrong = [each for each in on if len(each.hit["events"]) > 1]
    some = on[:: max(1, len(on) // 5)] + free[:3] + wrong[:2]
    assert free
    assert wrong
    for hit, position in some:
        pane(page, "x").hover(position=position)
        settle(page)
        check_words(page.locator(".stage output").inner_text(), hit)


def marked_pixels(page: Page) -> list[int]:
    """Pixels of the colour of what is marked in all views."""
    glow = variable(page, "glow")
    return [near(colours(pane(page, name)), glow, within=3) for name in ("space", "x", "y")]


def test_a_track_is_marked_in_all_views_and_held(visit: Visit, expected: dict[str, Any]) -> None:
    page = visit("small")
    lonely = lonely_hits(page, expected["small"]["hits"])
    inside = [each for each in lonely if abs(each.hit["position"][0]) < 20]
    hit, position = next(each for each in inside if each.hit["track"] >= 0)
    before, note = marked_pixels(page), page.locator(".stage output")
    pane(page, "x").hover(position=position)
    settle(page)
    marked = marked_pixels(page)
    assert all(after > 100 + first for first, after in zip(before, marked, strict=True))
    page.mouse.move(5, 5)
    settle(page)
    assert marked_pixels(page) == before
    assert not note.is_visible()
    pane(page, "x").click(position=position)
    page.mouse.move(5, 5)
    settle(page)
    assert marked_pixels(page) == marked
    check_words(note.inner_text(), hit)
    press(page, "Escape")
    assert marked_pixels(page) == before
    assert not note.is_visible()


def test_truth_comes_and_goes(visit: Visit, expected: dict[str, Any]) -> None:
    page, frame = visit("viewer"), expected["frames"][0]
    wrong = page.locator("label", has_text="wrong tracks")
    assert wrong.is_visible()
    press(page, "t")
    assert not wrong.is_visible()
    assert counts(page) == [frame["tracks"]] * 2 + [frame["hits"]]
    assert legend_of(page)[0] == f"tracks ({frame['tracks']})"
    plain = picture(pane(page, "x"))
    pane(page, "x").hover(position={"x": 300, "y": 120})
    settle(page)
    assert "true particle" not in page.locator(".stage output").text_content()
    press(page, "t")
    assert wrong.is_visible()
    assert picture(pane(page, "x")) != plain


def test_measured_frames_offer_no_truth(visit: Visit) -> None:
    page = visit("measured")
    for part in ("truth", "probability", "frames"):
        visible = page.locator(f"[data-part={part}]").is_visible()
        assert visible == (part == "probability"), part
    assert page.locator("[data-choose=colour]").input_value() == "track"
    assert page.locator("option[value=truth]").get_attribute("hidden") is not None
    assert len(counts(page)) == 3


def test_wrong_segments_have_their_colour_where_they_are(
    visit: Visit, expected: dict[str, Any]
) -> None:
    """A quarter of the way from hit to hit of each, as its cross is in the middle."""
    page = visit("small")
    segments = expected["small"]["wrong"]
    ends = places_of(page, [{"position": hit} for segment in segments for hit in segment])
    colour = variable(page, "wrong")
    for (x, y), (to_x, to_y) in zip(ends[::2], ends[1::2], strict=True):
        around = colours(pane(page, "x"), (0.75 * x + 0.25 * to_x, 0.75 * y + 0.25 * to_y))
        assert near(around, colour, within=12) > 0
    assert segments
    page.locator("[data-show=wrong]").uncheck()
    page.locator("[data-show=bad]").uncheck()
    settle(page)
    assert near(colours(pane(page, "x")), colour, within=12) == 0


def test_tracks_have_colours_of_their_own(visit: Visit) -> None:
    page = visit("viewer")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator("[data-choose=colour]").select_option("by track")
        settle(page)
        drawn = colours(pane(page, "space"))
        own = [variable(page, f"track{k}") for k in range(7)]
        assert all(near(drawn, one, within=12) > 50 for one in own)
        for one, other in itertools.combinations(own, 2):
            assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 30
        page.locator("[data-choose=colour]").select_option("by deposit")
        settle(page)
        assert page.locator(".legend .scale").is_visible()
        drawn = colours(pane(page, "space"))
        assert near(drawn, variable(page, "correct"), within=12) == 0


def test_planes_are_drawn_or_not(visit: Visit) -> None:
    page = visit("small")
    plane = variable(page, "plane")
    assert near(colours(pane(page, "space")), plane, within=2) > 500
    assert near(colours(pane(page, "y")), plane, within=2) > 500
    page.locator("[data-show=planes]").uncheck()
    settle(page)
    assert near(colours(pane(page, "y")), plane, within=2) < 20  # edges of letters


def test_dragging_turns_space_and_moves_projections(visit: Visit) -> None:
    page = visit("small")
    first = {name: picture(pane(page, name)) for name in ("space", "x", "y")}
    for name in first:
        x, y = middle_of(pane(page, name))
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 25, steps=4)
        page.mouse.up()
        page.mouse.move(5, 5)
        assert picture(pane(page, name)) != first[name]
    page.locator("[data-do=reset]").click()
    page.mouse.move(5, 5)
    assert {name: picture(pane(page, name)) for name in first} == first


def test_keys_turn_move_and_magnify(visit: Visit) -> None:
    page = visit("small")
    space = pane(page, "space")
    seen = {picture(space)}
    for key in ("ArrowLeft", "ArrowUp", "+", "Shift+ArrowRight"):
        press(page, key)  # the page listens without a click
        seen.add(picture(space))
    assert len(seen) == 5
    page.locator("[data-do=reset]").click()
    space.focus()
    page.mouse.move(5, 5)
    settle(page)
    start = picture(space)
    press(page, "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp")
    assert near(colours(space), variable(page, "correct")) > 0
    press(page, "+")
    assert picture(space) != start


def planes_seen(page: Page) -> list[int]:
    """Columns of the projection on x, in pixels, where planes are drawn."""
    return pane(page, "x").evaluate(
        """(canvas, plane) => {
          const { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
          const rows = [...Array(height).keys()], columns = [...Array(width).keys()];
          const like = (x) => rows.filter((y) => data[4 * (y * width + x) + 3] > 0 &&
            plane.every((c, n) => Math.abs(data[4 * (y * width + x) + n] - c) < 6)).length > 60;
          return columns.filter((x) => like(x) && !like(x - 1));
        }""",
        list(variable(page, "plane")),
    )


def test_the_wheel_magnifies_moderately(visit: Visit) -> None:
    """A turn, however far, magnifies by 16 %, about where the pointer is."""
    page = visit("small")
    first, second = planes_seen(page)[:2]
    box = pane(page, "x").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + (first + second) / 2, box["y"] + 100)
    page.mouse.wheel(0, -3000)
    settle(page)
    left, right = planes_seen(page)[:2]
    assert (right - left) / (second - first) == pytest.approx(1.162, abs=0.03)
    assert (left + right) / 2 == pytest.approx((first + second) / 2, abs=2)
    page.mouse.wheel(0, 3000)
    page.mouse.wheel(0, 3000)  # not further than all
    settle(page)
    assert planes_seen(page)[:2] == pytest.approx([first, second], abs=1)
    assert page.evaluate("scrollY") == 0, "the page stays where it is"


def swipe(page: Page, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Moves fingers, each from one place to another."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, share: float) -> None:
        places = [
            {"id": number, "x": x + share * (to_x - x), "y": y + share * (to_y - y)}
            for number, ((x, y), (to_x, to_y)) in enumerate(ways)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    send("touchStart", 0)
    for step in range(1, 5):
        send("touchMove", step / 4)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_fingers_turn_and_magnify_and_tap(visit: Visit, expected: dict[str, Any]) -> None:
    page = visit("small", "narrow", has_touch=True)
    space = pane(page, "space")
    space.scroll_into_view_if_needed()
    x, y = middle_of(space)
    start = picture(space)
    scrolled = page.evaluate("scrollY")
    swipe(page, ((x, y), (x + 50, y + 20)))
    turned = picture(space)
    assert turned != start
    ground = near(colours(space), variable(page, "plane"), within=2)
    swipe(page, ((x - 20, y), (x - 60, y)), ((x + 20, y), (x + 60, y)))
    assert picture(space) not in (start, turned)
    assert near(colours(space), variable(page, "plane"), within=2) != ground
    assert page.evaluate("scrollY") == scrolled, "the page stays where it is"
    flat = pane(page, "x")
    flat.scroll_into_view_if_needed()
    lonely = lonely_hits(page, expected["small"]["hits"], apart=19)
    hit, position = next(each for each in lonely if each.hit["track"] >= 0)
    flat.tap(position=position)
    settle(page)
    check_words(page.locator(".stage output").inner_text(), hit)


def test_a_press_of_a_button_is_no_key_of_the_viewer(visit: Visit) -> None:
    page = visit("viewer")
    page.locator("[data-limit='least length']").focus()
    press(page, "n", "t", ".")
    assert page.locator(".counts").inner_text().startswith("Frame 0: ")
    assert page.locator("[data-show=truth]").is_checked()
