"""Everything that makes load makes some, on a stack of its own; figures are for a quiet machine, not for a test."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from bench import cases as bench_cases
from bench import ghz
from bench.__main__ import _audited
from bench.cases import Case
from bench.ghz.data import FOLDER
from bench.reference import echo, own, seeds
from bench.scenarios import availability, create, flow, hot, onsale
from bench.world import World, started
from stack.settings import ROOT
from tests.bench.test_ghz import CONFIGURATIONS
from tests.stacks import begin_with_databases

pytestmark = pytest.mark.timeout(300)

CALLS = 16
"""How many calls a configuration of ghz makes here: one for each of its workers."""


class Short(World):
    """A world in which nothing takes long."""

    seconds = 0.3


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A stack, and afterwards a look whether its books are in order."""
    with started(quick=True, durable=False, prepare=begin_with_databases) as world:
        world.__class__ = Short
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(bench_cases, "WARM_UP", 20)
            bench_cases.warm_up(world)
        yield world
        assert _audited(world)


def named(cases: list[Case], name: str) -> Case:
    [case] = [case for case in cases if case.name == name]
    return case


@pytest.mark.parametrize(
    "case",
    [
        named(seeds.cases(), "reference.seeds.1"),
        named(own.cases(), "reference.own.64"),
        named(echo.cases(), "reference.echo.rest"),
        named(create.cases(), "create.rest.big.16"),
        named(flow.cases(), "flow.grpc.64"),
        named(flow.cases(), "flow.waits.grpc.64"),
        named(availability.cases(), "seats.rest.100.selling"),
    ],
    ids=lambda case: case.name,
)
def test_a_case_does_what_it_measures_without_an_error(world: World, case: Case) -> None:
    result = case.run(world)
    assert result.done > 0
    assert not result.errors
    assert result.latencies.p50 > 0
    if sys.platform == "linux":
        assert {"generator"} < set(result.usage)
        assert result.cpu_ms_each > 0


@pytest.mark.parametrize("with_ghz", [False, True], ids=["python", "ghz"])
def test_bookings_are_created_by_ghz_or_without_it(
    world: World, with_ghz: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_ghz:
        monkeypatch.setattr(ghz, "find", lambda: None)
    elif ghz.find() is None:
        pytest.skip("ghz is not on PATH, nor where Go installs programs")
    result = named(create.cases(), "create.grpc.big.16").run(world)
    assert result.done > 0
    assert not result.errors
    assert result.tool == ("ghz" if with_ghz else "python")


def test_a_hot_seat_is_had_by_one(world: World) -> None:
    result = named(hot.cases(), "hot.50").run(world)
    assert (result.done, result.errors) == (1, {"SEATS_UNAVAILABLE": 49})


def test_an_on_sale_sells_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onsale, "QUICK_SEATS", 40)
    [case] = onsale.cases()
    result = case.run(world)
    assert (result.figures["unpaid"], result.figures["oversold"]) == (0, 0)
    assert result.done == 20


@pytest.fixture(scope="module")
def data(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders in which a configuration of ghz finds what it needs, each with data of its own."""

    @cache
    def folder(through: str) -> Path:
        here = tmp_path_factory.mktemp(through)
        (here / "gateway").symlink_to(ROOT / "gateway")
        subprocess.run(
            [sys.executable, "-m", "bench.ghz.data", world.stack.public_url, "--calls", str(CALLS)],
            cwd=here,
            env={**os.environ, "no_proxy": "127.0.0.1"},
            check=True,
        )
        return here

    return folder


def test_data_for_ghz_is_made_on_a_running_stack(data: Callable[[str], Path]) -> None:
    made = {path.name: json.loads(path.read_text()) for path in (data("gateway") / FOLDER).iterdir()}
    assert set(made) <= set(CONFIGURATIONS)
    assert {len(rows) for rows in made.values()} == {1, CALLS}


@pytest.mark.parametrize("through", ["gateway", "service"])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_of_ghz_runs_as_it_is_without_an_error(
    world: World, data: Callable[[str], Path], name: str, through: str
) -> None:
    program = ghz.find()
    if program is None:
        pytest.skip("ghz is not on PATH, nor where Go installs programs")
    service = json.loads((ghz.HERE / name).read_text())["call"].split(".")[1]
    host = world.stack.address("gateway" if through == "gateway" else service)
    done = subprocess.run(
        [program, "--config", ghz.HERE / name, "--total", str(CALLS), "--format", "json", host],
        cwd=data(through),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout)["statusCodeDistribution"] == {"OK": CALLS}
