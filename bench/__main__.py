"""`python -m bench`: start a private durable stack, measure, audit, and tell; JSON and a chart go to build/bench.

Cases are measured in rounds, references among them, each round on a stack of its own: so that no figure is a matter of
the minute, and what one round leaves behind is not another's burden.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import psycopg

from audit import audit
from bench import inside, report
from bench.cases import Case, chosen, warm_up
from bench.measure import Result
from bench.reference import echo, own, seeds
from bench.scenarios import (
    availability,
    burst,
    cancel,
    create,
    expiry,
    find,
    flow,
    hot,
    logins,
    onsale,
    overload,
    pages,
    paint,
    scale,
    scans,
    security,
    watch,
)
from bench.world import World, started
from stack import credentials, settings
from stack.errors import StackError
from stack.settings import ROOT

MODULES = (
    seeds,
    create,
    own,
    echo,
    flow,
    hot,
    availability,
    find,
    onsale,
    pages,
    paint,
    cancel,
    expiry,
    burst,
    overload,
    logins,
    scale,
    scans,
    security,
    watch,
)
CASES: Sequence[Case] = [case for module in MODULES for case in module.cases()]
ROUNDS, QUICK_ROUNDS = 3, 1
FOLDER = ROOT / "build" / "bench"
REST_SECONDS = 90


def main() -> None:
    arguments = _parser().parse_args()
    try:
        sys.exit(run(arguments))
    except (StackError, LookupError) as error:
        sys.exit(f"bench: {error.args[0]}")
    except (OSError, psycopg.Error) as error:
        sys.exit(f"bench: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Boxoffice beside references.")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="cases, or groups of them; --list tells which")
    parser.add_argument("--quick", action="store_true", help="fewer cases, shorter, once")
    parser.add_argument("--rounds", type=int, help=f"how often (default: {ROUNDS})")
    parser.add_argument("--without-ghz", action="store_true", help="have Python make all load, also where ghz is")
    parser.add_argument("--list", action="store_true", help="only name the cases")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Measure what is asked for and tell; return 1 if an audit found something broken."""
    wanted = [name for name in arguments.only.split(",") if name]
    cases = chosen(CASES, wanted, quick=arguments.quick)
    if arguments.list:
        print("\n".join(case.name for case in cases))
        return 0
    replicas = settings.load().replicas
    rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    runs: dict[str, list[Result]] = {case.name: [] for case in cases}
    began = datetime.now().astimezone()
    repeated = [case for case in cases if not case.once]
    sittings = [(f"round {number} of {rounds}", repeated) for number in range(1, rounds + 1)] if repeated else []
    sittings += [(case.name, [case]) for case in cases if case.once]
    done: dict[str, list[inside.Line]] = {}
    sound = True
    for about, some in sittings:
        say(about)
        with started(quick=arguments.quick, ghz=not arguments.without_ghz, replicas=replicas) as world:
            world.say = say
            warm_up(world)
            for case in some:
                before = inside.look(world.stack.settings)
                runs[case.name].append(_measured(world, case))
                done[case.name] = inside.lines(before, inside.look(world.stack.settings))
            sound = _audited(world) and sound
    measured = report.Report(began, {case.name: case.unit for case in cases}, runs, arguments.quick, done)
    print(f"\n{report.text(measured)}\n")
    for file in report.write(measured, FOLDER):
        print(file.relative_to(ROOT))
    return 0 if sound else 1


def _measured(world: World, case: Case) -> Result:
    result = case.run(world)
    failed = sum(result.errors.values())
    say(f"  {case.name}: {result.per_second:,.0f} {case.unit}/s, p99 {result.latencies.p99:.1f} ms, {failed:,} refused")
    return result


def _audited(world: World) -> bool:
    """See that the books are in order after all this."""
    own = world.stack.settings
    password = credentials.load(own.data_dir / credentials.FILE)["audit"]
    reach = audit.reach_by(f"postgresql://audit:{password}@127.0.0.1:{own.postgres_port}")
    audit.rest(reach, REST_SECONDS, say)
    found = audit.look(reach)
    say(f"  audit: {found.summary}")
    for broken in found.broken:
        print(broken, file=sys.stderr)
    return not found.broken


def say(line: str) -> None:
    """Print a line of progress with the time of day."""
    with suppress(OSError):
        print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    main()
