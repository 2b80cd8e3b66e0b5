"""The page of a surface: it turns, magnifies and says values with their errors."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from browser.looking import colours, settle
from playwright.sync_api import Page

Visit = Callable[..., Page]


def picture(page: Page) -> str:
    settle(page)
    return page.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def words(page: Page, x: float, y: float) -> str:
    page.locator("canvas").hover(position={"x": x, "y": y})
    settle(page)
    note = page.locator(".stage output")
    return note.inner_text() if note.is_visible() else ""


def test_it_says_the_values_of_the_surface(visit: Visit, expected: dict[str, Any]) -> None:
    page, found = visit("surface"), 0
    values = expected["surface"]["loss"]
    steps = round(len(values) ** 0.5)
    for x in range(330, 720, 60):
        for y in range(150, 450, 60):
            lines = words(page, x, y).splitlines()
            if len(lines) < 3 or not lines[0].startswith("loss"):
                continue
            value = float(lines[0].removeprefix("loss: ").split(" ± ")[0])
            a, b = (float(line.split(": ")[1]) for line in lines[1:3])
            row, column = (round((each + 1) / 2 * (steps - 1)) for each in (a, b))
            assert value == pytest.approx(values[row * steps + column], rel=1e-3)
            found += 1
    assert found > 10


def test_checkpoints_say_how_far_they_are(visit: Visit) -> None:
    page = visit("surface")
    spots = [(x, y) for x in range(435, 480, 6) for y in range(160, 200, 6)]
    for x, y in spots:
        if found := re.match(r"checkpoint (\d) of 3\n(.*) from the plane", words(page, x, y)):
            assert float(found[2]) == [3.0, 1.0, 0.1][int(found[1]) - 1]
            return
    pytest.fail("no checkpoint was found")


def test_it_turns_magnifies_and_comes_back(visit: Visit) -> None:
    page = visit("surface")
    canvas, seen = page.locator("canvas"), [picture(page)]
    canvas.drag_to(canvas, source_position={"x": 300, "y": 90}, target_position={"x": 390, "y": 90})
    page.mouse.move(5, 5)
    seen.append(picture(page))
    canvas.hover(position={"x": 500, "y": 500})
    page.mouse.wheel(0, -240)
    page.mouse.move(5, 5)
    seen.append(picture(page))
    for key in ("ArrowUp", "+", "Shift+ArrowDown"):
        canvas.press(key)
        seen.append(picture(page))
    assert len(set(seen)) == len(seen)
    page.locator("[data-do=reset]").click()
    page.mouse.move(5, 5)
    assert picture(page) == seen[0]


def test_values_and_marks_are_chosen(visit: Visit) -> None:
    page = visit("surface")
    first = picture(page)
    page.locator("select").select_option("errors")
    assert picture(page) != first
    page.locator("select").select_option("loss")
    assert picture(page) == first
    for mark in ("mesh", "training", "logarithmic", "near the minimum"):
        box = page.locator("label", has_text=mark)
        box.click()
        assert picture(page) != first, mark
        box.click()
        assert picture(page) == first, mark
    assert len(colours(page.locator("canvas"))) > 200
