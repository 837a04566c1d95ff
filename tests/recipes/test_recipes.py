"""What a recipe of CONTRIBUTING leads to is whole, by few edits by hand; what is still missing is named by tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes import field, operation, seat_command
from tests.recipes.recipe import Recipe, check, differences, finish

GENERATED = (
    *("protos/gen/", "gateway/descriptor.binpb", "gateway/openapi.json", "gateway/openapi-without-tokens.json"),
    *("docs/errors.md", "services/booking/migrations/"),
)
"""How the names of what `make protos` and `make migration` make begin."""

MISSING = "tests/test_methods.py"
"""The tests that name what is still to be edited."""

EVENTS = "tests/inventory/test_catalogue_events.py::test_an_event_is_what_it_was_described_as_last"

NOTES = "tests/booking/test_lifecycle.py::test_a_booking_keeps_the_note_that_was_left_on_it"
PRIVACY = "tests/test_privacy.py::test_every_column_is_told_of_as_personal_or_known_not_to_be"


def by_hand(tree: Path) -> list[str]:
    return [name for name in differences(tree) if not name.startswith(GENERATED)]


@pytest.mark.parametrize(
    ("recipe", "most", "tests"),
    [
        pytest.param(seat_command.RECIPE, 15, ["tests/inventory/test_seat_rules.py"], id="seat-command"),
        pytest.param(operation.RECIPE, 12, [EVENTS], id="operation"),
        pytest.param(field.RECIPE, 8, [NOTES, PRIVACY], id="field"),
    ],
)
def test_a_recipe_is_few_files_edited_by_hand(tree: Path, recipe: Recipe, most: int, tests: list[str]) -> None:
    recipe.plant(tree)
    finish(tree, recipe)
    assert by_hand(tree) == sorted((*recipe.edits, *recipe.new))
    assert len([name for name in by_hand(tree) if not name.startswith("docs/")]) <= most
    checked = check(tree, MISSING, "tests/test_contracts.py", "tests/test_answer_sizes.py", *tests)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("recipe", "method"),
    [
        pytest.param(seat_command.RECIPE, "RenewHolds", id="seat-command"),
        pytest.param(operation.RECIPE, "DescribeEvent", id="operation"),
    ],
)
def test_each_file_that_has_all_methods_is_named_while_it_lacks_one(tree: Path, recipe: Recipe, method: str) -> None:
    first = [name for name in recipe.edits if name.endswith((".proto", "inventory/errors.py"))]
    recipe.plant(tree, *first)
    finish(tree, recipe)
    checked = check(tree, MISSING)
    errors = "\n".join(line for line in checked.stdout.splitlines() if line.startswith("E "))
    assert f"no rpc.py of services/inventory has {method}" in errors
    # What it does, how that is tested and what is said of it, nobody can name but who writes it.
    own = ("services/", "tests/inventory/", "CHANGELOG.md")
    assert [name for name in recipe.edits if not name.startswith((*own, *first)) and name not in errors] == []
