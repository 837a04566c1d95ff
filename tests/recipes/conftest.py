"""What tests of recipes share: a copy of this tree."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of this tree."""
    from tests.recipes.recipe import copy_of_the_tree

    return copy_of_the_tree(tmp_path)
