"""Whoever waits in a test waits as long as PATIENCE says: no bound is a number of its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
BOUNDED_BY_NAME = {"run", "communicate", "wait", "urlopen", "Client", "AsyncClient", "join"}
"""What takes `timeout=`. A call's own `timeout=` is a deadline that is told, not a wait."""
BOUNDED_BY_PLACE = {"timeout": 0, "wait_for": 1, "wait_until": 1}
SHORT_SECONDS = 1
"""What is shorter is meant to run out."""


def bounds(code: ast.AST) -> Iterator[ast.expr]:
    """Yield how long the code waits, wherever it does."""
    for node in ast.walk(code):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            is_mark = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "pytest.mark"
            if (place := BOUNDED_BY_PLACE.get(name)) is not None and len(node.args) > place and not is_mark:
                yield node.args[place]
            if name in BOUNDED_BY_NAME:
                yield from (keyword.value for keyword in node.keywords if keyword.arg == "timeout")


def test_no_wait_has_a_bound_of_its_own() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{bound.lineno}: {ast.unparse(bound)}"
        for path in sorted(TESTS.rglob("*.py"))
        for bound in bounds(ast.parse(path.read_text()))
        if isinstance(bound, ast.Constant) and isinstance(bound.value, int | float) and bound.value > SHORT_SECONDS
    ]
    assert not found, "say patient(…), of tests/patience.py:\n" + "\n".join(found)
