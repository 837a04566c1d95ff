"""Files and functions that a reader takes in at once: no file over 400 lines, no function over 50.

The contract of a service is one document, and not held to this; docker-compose.yml is one, too, as its parts are shared
within one file only, and has 500. What is generated and migrations are not edited.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.conftest import HERE

ROOT = HERE.parent
FILE_LINES = 400
FUNCTION_LINES = 50
LONGER = {"docker-compose.yml": 500}
SUFFIXES = {".css", ".html", ".js", ".lua", ".py", ".sh", ".sql", ".yaml", ".yml"}
NOT_OURS = {"protos/gen", "third_party", "web/static/vendor", "build", "data"}


def sources(root: Path) -> Iterator[Path]:
    """Return the code that people write, wherever it is."""
    folders = [root]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.name.startswith((".", "__pycache__")) or path.relative_to(root).as_posix() in NOT_OURS:
                continue
            if path.is_dir() and not path.is_symlink():
                folders.append(path)
            elif path.suffix in SUFFIXES and path.parts[-3:-1] != ("migrations", "versions"):
                yield path


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Return the names of the functions that are too long, and how long each is without its decorators."""
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        length = getattr(node, "end_lineno", FUNCTION_LINES + 1) - getattr(node, "lineno", 1) + 1
        if length <= FUNCTION_LINES:
            continue  # nor is anything in it
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, length
        nodes.extend(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case))
        )


def offenders(root: Path, paths: Iterable[Path]) -> dict[str, int]:
    """Return each file and function that is too long, and its lines."""
    found = {}
    for path in paths:
        name, source = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if (lines := len(source.splitlines())) > LONGER.get(name, FILE_LINES):
            found[name] = lines
        if path.suffix == ".py" and lines > FUNCTION_LINES:
            found |= {f"{name}: {function}": length for function, length in long_functions(source)}
    return found


def test_no_file_has_over_400_lines_and_no_function_over_50() -> None:
    paths = list(sources(ROOT))
    assert len(paths) > 400
    assert [f"{name} has {lines} lines" for name, lines in offenders(ROOT, paths).items()] == []


def test_a_long_function_and_a_long_file_are_found(tmp_path: Path) -> None:
    def function(name: str, lines: int, indent: str = "") -> str:
        return f"{indent}async def {name}() -> None:\n" + f"{indent}    pass\n" * (lines - 1)

    (tmp_path / "room").mkdir()
    kept = "class Home:\n" + function("fits", 50, "    ") + function("too_long", 51, "    ")
    (tmp_path / "room" / "functions.py").write_text("if True:\n    x = 1\n" + kept + function("outer", 2))
    (tmp_path / "room" / "nested.py").write_text("def outer() -> None:\n" + function("inner", 52, "    "))
    (tmp_path / "fits.sql").write_text("--\n" * 400)
    (tmp_path / "too_long.lua").write_text("--\n" * 401)
    (tmp_path / "notes.md").write_text("-\n" * 500)
    for generated in ("protos/gen", "service/migrations/versions"):
        (tmp_path / generated).mkdir(parents=True)
        (tmp_path / generated / "made.py").write_text("x = 1\n" * 1000)
    assert offenders(tmp_path, sources(tmp_path)) == {
        "too_long.lua": 401,
        "room/functions.py: too_long": 51,
        "room/nested.py: outer": 53,
        "room/nested.py: inner": 52,
    }
