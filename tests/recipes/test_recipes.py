"""What a recipe of CONTRIBUTING leads to is whole, by few edits by hand; what is still missing is named by tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes import seat_command
from tests.recipes.recipe import Recipe, check, differences, finish

GENERATED = (
    "protos/gen/",
    "gateway/descriptor.binpb",
    "gateway/openapi.json",
    "gateway/openapi-without",
    "docs/errors.md",
)
"""How the names of what `make protos` makes begin."""

MISSING = "tests/test_methods.py"
"""The tests that name what is still to be edited."""

ALL = pytest.mark.parametrize(
    ("recipe", "most", "rules"),
    [pytest.param(seat_command.RECIPE, 15, "tests/inventory/test_seat_rules.py", id="seat-command")],
)


@ALL
def test_a_recipe_is_few_files_edited_by_hand(tree: Path, recipe: Recipe, most: int, rules: str) -> None:
    recipe.plant(tree)
    finish(tree, recipe)
    by_hand = [name for name in differences(tree) if not name.startswith(GENERATED)]
    assert by_hand == sorted((*recipe.edits, *recipe.new))
    assert len(by_hand) <= most
    checked = check(tree, MISSING, "tests/test_contracts.py", "tests/test_answer_sizes.py", rules)
    assert checked.returncode == 0, checked.stdout


@ALL
def test_each_file_that_knows_all_methods_is_named_while_it_lacks_one(
    tree: Path, recipe: Recipe, most: int, rules: str
) -> None:
    first = [name for name in recipe.edits if name.endswith((".proto", "inventory/errors.py"))]
    recipe.plant(tree, *first)
    finish(tree, recipe)
    checked = check(tree, MISSING)
    errors = "\n".join(line for line in checked.stdout.splitlines() if line.startswith("E "))
    # What it is about, how it is tested, and what is said of it, nobody can name but who does it.
    own = ("services/", "tests/inventory/", "CHANGELOG.md")
    assert [name for name in recipe.edits if not name.startswith((*own, *first)) and name not in errors] == []
    assert "no rpc.py of services/inventory has ExtendHolds" in errors
