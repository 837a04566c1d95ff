"""Where a class, a function or a constant is defined, whichever file that is."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDERS = ("services", "web")
"""Where bugs are planted."""

NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Place:
    """A definition, and the file that it stands in."""

    path: Path
    text: str
    node: ast.stmt

    def put(self, statements: Sequence[ast.stmt]) -> str:
        """Return the file with `statements` instead of the definition."""
        lines = self.text.splitlines(keepends=True)
        decorators = getattr(self.node, "decorator_list", [])
        first = min(node.lineno for node in (self.node, *decorators))
        new = ast.unparse(ast.Module(list(statements), [])).splitlines(keepends=True)
        indented = [" " * self.node.col_offset + line for line in new]
        return "".join([*lines[: first - 1], *indented, "\n", *lines[self.node.end_lineno :]])

    def __str__(self) -> str:
        return f"{self.path}:{self.node.lineno}"


def defined(root: Path, where: str) -> list[Place]:
    """Return the places of that name, such as `Hold.apply`; `bank:refund` takes those with a `bank` in their path."""
    part, _, name = where.rpartition(":")
    places = _places(root).get(name, [])
    return [place for place in places if not part or part in place.path.relative_to(root).with_suffix("").parts]


@cache
def _places(root: Path) -> Mapping[str, Sequence[Place]]:
    places = defaultdict(list)
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py")):
        text = path.read_text()
        for name, node in _definitions(ast.parse(text), ""):
            places[name].append(Place(path, text, node))
    return places


def _definitions(node: ast.AST, within: str, *, in_function: bool = False) -> Iterator[tuple[str, ast.stmt]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, NAMED):
            yield within + child.name, child
            inside = in_function or not isinstance(child, ast.ClassDef)
            yield from _definitions(child, f"{within}{child.name}.", in_function=inside)
        elif isinstance(child, ast.stmt):
            match child:
                case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)) if not in_function:
                    yield within + name, child
            yield from _definitions(child, within, in_function=in_function)
