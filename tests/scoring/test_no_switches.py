"""A network says what belongs to it: nothing outside of `scoring` asks which one it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import trackscape
from trackscape.scoring.pretrained import NETWORKS

SOURCE = Path(trackscape.__file__).parent
NAMES = {network.__name__ for network in NETWORKS.values()}


def switches(path: Path) -> Iterator[str]:
    """Calls of isinstance, issubclass and comparisons of types with a network's name in them."""
    for node in ast.walk(ast.parse(path.read_text())):
        asks = isinstance(node, (ast.Compare, ast.MatchClass)) or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        )
        if asks and NAMES & {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}:
            yield f"{path}:{getattr(node, 'lineno', 0)}"


def test_nobody_asks_which_network_it_is():
    files = [path for path in SOURCE.rglob("*.py") if "scoring" not in path.parts]
    assert len(files) > 50
    assert [place for path in files for place in switches(path)] == []


def test_a_switch_would_be_found(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(
        "isinstance(a, TrackModel)\ntype(a) is LineGraphNetwork\nHitGraphNetwork(hidden=4)\n"
    )
    assert len(list(switches(path))) == 2
