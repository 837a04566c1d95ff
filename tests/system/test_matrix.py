"""Every method, every kind of caller, every way in: who may call it may, and nobody else, as its contract says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from boxoffice.identity.v1 import identity_pb2, identity_pb2_grpc

import roster
from services.identity.attempts.domain import of_network
from stack.launcher import Stack
from tests.gateway.fakes import INTERNAL, METHODS, PUBLIC, Method
from tests.patience import patient
from tests.system import matrix
from tests.system.bad_input import World
from tests.system.client import new_user
from tests.system.conftest import AUTH
from tests.system.databases import value
from tests.system.inside import allowed, reached
from tests.system.matrix import (
    ABSENT,
    ADMITTED,
    GATEWAY,
    NOBODY,
    OTHER,
    OWNER,
    PEOPLE,
    REST,
    SERVICE,
    Callers,
)
from tests.system.test_bad_input import make_world

NOBODIES = (NOBODY, matrix.GATE)
"""Who is not known where no gate may call."""

pytestmark = pytest.mark.skipif(AUTH == "off", reason="anybody may do anything")


def each(methods: list[Method]) -> list[object]:
    return [pytest.param(method, id=method.descriptor.name) for method in methods]


@pytest.fixture(scope="module")
async def world(stack: Stack) -> World:
    return await make_world(stack)


@pytest.fixture(scope="module")
async def callers(stack: Stack, world: World) -> AsyncIterator[Callers]:
    async with matrix.opened(stack, world) as callers:
        yield callers


@pytest.mark.parametrize("method", each(PUBLIC))
async def test_people_are_answered_as_the_policy_says(callers: Callers, method: Method) -> None:
    request = matrix.example(method, callers.world)
    complaints = []
    for way in matrix.ways(method):
        for who in PEOPLE:
            answer = await callers.ask(way, method, request, callers.metadata(who))
            wanted = matrix.expected(method, who)
            right = {
                ADMITTED: answer.reason not in {matrix.UNAUTHENTICATED, matrix.DENIED, *matrix.WRONG},
                ABSENT: answer.reason == "USER_NOT_FOUND",
            }.get(wanted, answer.reason == wanted)
            if not right:
                complaints.append(f"{who} by {way} should be {wanted}: {answer}")
    assert complaints == []


@pytest.mark.parametrize(
    "method", each([one for one in PUBLIC if "OWNER" in allowed(one.path)[0] and matrix.is_users(one)])
)
async def test_what_is_another_users_is_told_in_the_words_for_what_does_not_exist(
    callers: Callers, method: Method
) -> None:
    request = matrix.example(method, callers.world)
    for theirs, none in matrix.absent(method, request):
        ids = {str(value) for outcome in (*theirs, *none) for value in (outcome or {}).values()}
        for way in matrix.ways(method):
            for who in (OTHER, matrix.ORGANIZER):
                metadata = callers.metadata(who)
                one, other = [(await callers.ask(way, method, asked, metadata)) for asked in (theirs, none)]
                assert one.reason.endswith("_NOT_FOUND"), (way, who, one)
                assert one.without(*ids) == other.without(*ids), (way, who)


@pytest.mark.parametrize("method", each(INTERNAL))
async def test_people_have_no_way_to_what_is_for_services(callers: Callers, method: Method) -> None:
    nothing = ({}, None)
    for who in PEOPLE:
        metadata = callers.metadata(who)
        # Who says nothing of who they are is told so, whatever they ask for.
        outcome = await callers.ask(GATEWAY, method, nothing, metadata)
        assert outcome.reason in (matrix.UNAUTHENTICATED if who in NOBODIES else "METHOD_NOT_FOUND", "UNIMPLEMENTED")
        for path in (method.path, f"/api/v1{method.path}"):
            assert (await callers.http.post(path, json={}, headers=dict(metadata))).status_code == 404
        outcome = await callers.ask(SERVICE, method, nothing, metadata)
        assert outcome.reason == (matrix.UNAUTHENTICATED if who in NOBODIES else matrix.DENIED), (who, outcome)


@pytest.mark.parametrize("service", roster.NAMES)
async def test_a_service_may_call_what_it_has_to_and_nothing_else(stack: Stack, world: World, service: str) -> None:
    complaints = []
    for answering in roster.NAMES:
        async with reached(stack, answering, service) as channel:
            for method in METHODS.values():
                if method.cluster != answering:
                    continue
                # Who is let in and sends nothing is told that something is missing.
                request = matrix.example(method, world) if method in PUBLIC else ({}, None)
                outcome = await matrix.over_grpc(channel, method, matrix.message(method, request), ())
                turned_away = outcome.reason in (matrix.UNAUTHENTICATED, matrix.DENIED)
                if turned_away == (service in allowed(method.path)[1]):
                    complaints.append(f"{method.path}: {outcome}")
    assert complaints == []


@pytest.mark.parametrize("way", [REST, GATEWAY, SERVICE])
async def test_no_header_says_who_calls(callers: Callers, way: str) -> None:
    forged = tuple((name, value.format(owner=callers.world.user)) for name, value in matrix.FORGED)
    for method in METHODS.values():
        request = matrix.example(method, callers.world) if method in PUBLIC else ({}, None)
        if "PUBLIC" in allowed(method.path)[0] or (method in INTERNAL and way != SERVICE):
            continue
        outcome = await callers.ask(way, method, request, forged)
        assert outcome.reason == matrix.UNAUTHENTICATED, (method.path, outcome)
        if (wanted := matrix.expected(method, OTHER)) not in (ADMITTED, ABSENT) and method in PUBLIC:
            outcome = await callers.ask(way, method, request, callers.metadata(OTHER) + forged)
            assert outcome.reason == wanted, (method.path, outcome)


@pytest.mark.parametrize("way", [REST, GATEWAY, SERVICE])
@pytest.mark.parametrize("name", ["GetSeatMap", "RenderSeatMap"])
async def test_whose_seats_are_held_is_told_to_that_user_and_to_admins(callers: Callers, name: str, way: str) -> None:
    method = METHODS[f"/boxoffice.inventory.v1.InventoryService/{name}"]
    if way not in matrix.ways(method):
        return
    variables, _ = matrix.example(method, callers.world)
    outcome = {
        who: (await callers.ask(way, method, (variables, {"userId": callers.world.user}), callers.metadata(who))).reason
        for who in PEOPLE
    }
    assert outcome == {
        NOBODY: matrix.UNAUTHENTICATED,
        OWNER: "OK",
        OTHER: "USER_NOT_FOUND",
        matrix.ORGANIZER: "USER_NOT_FOUND",
        matrix.ADMIN: "OK",
        matrix.GATE: matrix.UNAUTHENTICATED,
    }
    stranger = (variables, {"userId": new_user()})
    assert (await callers.ask(way, method, stranger, callers.metadata(OTHER))).reason == "USER_NOT_FOUND"


async def test_where_a_login_comes_from_is_the_gateways_word_only(stack: Stack) -> None:
    forged = "203.0.113.77"
    wrong = identity_pb2.LoginRequest(email=f"{new_user()}@example.com", password="not the password")
    counted = "SELECT count(*) FROM attempts WHERE key = %s"
    for caller, count in (("operator", 0), ("booking", 0), ("gateway", 1)):
        async with reached(stack, "identity", caller) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                login = identity_pb2_grpc.IdentityServiceStub(channel).Login
                await login(wrong, metadata=(("x-client-address", forged),), timeout=patient(20))
        assert value(stack.server, "identity", counted, of_network(forged)) == count, caller
