"""`python -m storm`: raise a storm over a stack of its own; exit code 0 if every promise was kept, 1 if not."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from stack import command
from stack import settings as configuration
from stack.foreground import say
from storm import storm


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m storm",
        description="Load and faults on a stack of its own, then every promise checked: exit code 0 all kept, 1 not.",
    )
    parser.add_argument("--seconds", type=float, default=600, help="how long it lasts (default: 600)")
    parser.add_argument("--seed", default="boxoffice", help="what customers and faults are drawn from")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what came of it to this file too")
    arguments = parser.parse_args()
    command.run(lambda: _storm(arguments))


def _storm(arguments: argparse.Namespace) -> int:
    replicas = configuration.load().replicas
    gateway = os.environ.get("PAYMENT_GATEWAY", "bank")
    return storm.run(storm.Options(arguments.seconds, arguments.seed, arguments.json, replicas, gateway), say)


if __name__ == "__main__":
    main()
