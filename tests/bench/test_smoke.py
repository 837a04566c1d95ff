"""Everything that makes load makes some, on a stack of its own; figures are for a quiet machine, not for a test."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import ghz
from bench.__main__ import _audited
from bench.cases import Case, warm_up
from bench.reference import echo, own, seeds
from bench.scenarios import availability, create, flow, hot, onsale
from bench.world import World, started
from stack.settings import ROOT

pytestmark = pytest.mark.timeout(300)


class Short(World):
    """A world in which nothing takes long."""

    seconds = 0.3


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A stack, and afterwards a look whether its books are in order."""
    with started(quick=True, durable=False) as world:
        world.__class__ = Short
        warm_up(world)
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


CONFIGURATIONS = sorted(path.name for path in Path(ghz.HERE).glob("*.json"))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_of_ghz_calls_its_method(world: World, name: str) -> None:
    program = ghz.find()
    if program is None:
        pytest.skip("ghz is not on PATH, nor where Go installs programs")
    service = json.loads((ghz.HERE / name).read_text())["call"].split(".")[1]
    nobody = "00000000-0000-4000-8000-000000000000"
    data = {
        "get-booking.json": {"booking_id": nobody},
        "initiate-payment.json": {"booking_id": nobody, "user_id": nobody},
        "simulate-payment.json": {"session_id": f"sess_{nobody}", "payment_method": "pm_succeed"},
    }.get(name) or _printed(world, name.removesuffix(".json"))[0]
    host = getattr(world.target, service)
    told, _ = ghz.run(world, program, ghz.HERE / name, host, [data], 1, ["--total", "1"])
    # What is nobody's is not found: the call arrived, with a message that its method takes.
    expected = "NotFound" if nobody in str(data) else "OK"
    assert [call["status"] for call in told["details"]] == [expected], told


def _printed(world: World, method: str) -> list[dict[str, object]]:
    show = world.show(100)
    done = subprocess.run(
        [sys.executable, "-m", "bench.ghz.data", world.stack.public_url, show.id, method],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found
