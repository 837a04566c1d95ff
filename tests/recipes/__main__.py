"""Carry a recipe out in a checkout, to look at or to try by hand: `python -m tests.recipes NAME FOLDER`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from tests.recipes.recipe import Recipe


def main(name: str, folder: str) -> None:
    recipe: Recipe = import_module(f"tests.recipes.{name}").RECIPE
    recipe.plant(Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
