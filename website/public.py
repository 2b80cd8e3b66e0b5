"""The public names of trackscape, read from its source without importing it.

A name is public where a package offers it: in `__all__`, as `import x as x`, or as its constant.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
MODULES = ["trackscape.errors", "trackscape.units"]
"""Of the modules beside the packages, those that users import from."""


@dataclass(frozen=True)
class Definition:
    """Where a name is defined: its module, kind, docstring, and, of a constant, its source."""

    module: str
    name: str
    kind: str
    docstring: str | None
    source: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of the docstring on one line, or nothing."""
        first = " ".join((self.docstring or "").partition("\n\n")[0].split())
        return re.split(r"(?<=[.:?]) (?=[A-Z`])", first)[0]


@cache
def packages() -> tuple[str, ...]:
    """All packages that offer names, in the order in which data flow through them.

    The order is that of the lines `name   arrow` in the docstring of `trackscape`; a package
    within another one follows it.
    """
    text = docstring("trackscape") or ""
    order = re.findall(r"^ {4}([a-z_]+) {2,}\S", text, flags=re.MULTILINE)

    def place(name: str) -> tuple[int, str]:
        top = name.partition(".")[2].partition(".")[0]
        return (order.index(top) if top in order else len(order)) if top else -1, name

    found = [_name_of(path) for path in (SOURCE / "trackscape").rglob("__init__.py")]
    return (*sorted((name for name in found if public_names(name)), key=place), *MODULES)


@cache
def public_names(module: str) -> tuple[str, ...]:
    """What a package offers, or what a module defines, in alphabetical order."""
    found: set[str] = set()
    for node in _statements(module):
        if isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names if alias.asname == alias.name)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        else:
            found.update(_assigned(node))
            if "__all__" in _assigned(node) and isinstance(node.value, ast.List):
                found.update(ast.literal_eval(node.value))
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def definition(module: str, name: str) -> Definition:
    """Follows a name through the imports of packages to where it is defined."""
    statements = list(_statements(module))
    for node, after in zip(statements, [*statements[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return definition(node.module, alias.name)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            return Definition(module, name, kind, ast.get_docstring(node))
        elif name in _assigned(node):
            return Definition(module, name, "constant", _text(after), ast.unparse(node))
    raise LookupError(f"{module} has no {name}.")


@cache
def home(module: str, name: str) -> str:
    """The package whose page describes a name: the innermost one that offers it."""
    where = definition(module, name)
    holders = [
        package
        for package in packages()
        if name in public_names(package) and definition(package, name) == where
    ]
    own = [package for package in holders if where.module.startswith(package)]
    return max(own or [module], key=len)


@cache
def docstring(module: str) -> str | None:
    """The docstring of a module or package."""
    return ast.get_docstring(_tree(module))


@cache
def _tree(module: str) -> ast.Module:
    path = SOURCE.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text("utf-8"))


def _statements(module: str) -> Iterator[ast.stmt]:
    """The statements of a module, those for type checkers included."""
    for node in _tree(module).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body
        else:
            yield node


def _assigned(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [name for target in targets for name in ast.walk(target)]
        return [each.id for each in names if isinstance(each, ast.Name)]
    return []


def _text(node: ast.stmt | None) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value if isinstance(node.value.value, str) else None
    return None


def _name_of(path: Path) -> str:
    return ".".join(path.parent.relative_to(SOURCE).parts)
