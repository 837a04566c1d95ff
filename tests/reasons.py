"""All that services refuse by."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import services
from services.chassis.errors import Failure


def failures() -> set[type[Failure]]:
    """Return all that services refuse by."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if {"errors", "domain"} & set(module.name.split(".")):
            importlib.import_module(module.name)

    def below(kind: type[Failure]) -> Iterator[type[Failure]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    return {kind for kind in below(Failure) if kind.__module__.startswith("services.")}
