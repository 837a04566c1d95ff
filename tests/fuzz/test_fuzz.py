"""Random messages for every method, to the services' own ports and through the gateway, by gRPC and REST.

Whatever comes: it is answered or refused in the services' own words, never as UNKNOWN or INTERNAL, and nothing that is
internal leaves. `make fuzz` does this for long: FUZZ_CASES says how many, FUZZ_SEED which.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from typing import Any
from urllib.parse import quote

import grpc
import httpx
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import roster
from stack.launcher import Stack
from tests.fuzz.messages import Dice
from tests.gateway.fakes import INTERNAL as FOR_SERVICES
from tests.gateway.fakes import METHODS, Method
from tests.patience import patient

CASES = int(os.environ.get("FUZZ_CASES") or 300)
SEED = os.environ.get("FUZZ_SEED") or "1"
AT_ONCE = 16
SECONDS = patient(20)

INTERNAL = re.compile(
    r"""psycopg|sqlalchemy|postgres|protovalidate|pydantic|grpc_|asyncio|Traceback|File\ "|\.py\b|site-packages
    |\b(SELECT|INSERT|UPDATE|DELETE|RETURNING)\ |/usr|/var|/tmp|/home|/root|127\.0\.0\.1|localhost
    |\b\w+(Error|Exception)\b|<class|object\ at\ 0x|boxoffice\.\w+\.v1""",
    re.VERBOSE,
)
"""What has no business outside, in whatever is said of a failure."""

BARE = {grpc.StatusCode.RESOURCE_EXHAUSTED}
"""What the library beneath says by itself, of far more than the largest message, and then without details."""
NEVER = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS}


class Fuzz:
    """One run: draws cases and remembers what is wrong with their answers."""

    def __init__(self, stack: Stack, seed: str) -> None:
        self.dice = Dice(seed)
        self.stack = stack
        self.complaints: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()

    async def run(self, cases: int) -> None:
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 64 << 20)]
        gateway = self.stack.public_url.removeprefix("http://")
        targets = {name: self.stack.address(name) for name in roster.NAMES}
        self.channels = {
            name: grpc.aio.insecure_channel(target, options=options)
            for name, target in (targets | {"gateway": gateway}).items()
        }
        async with httpx.AsyncClient(base_url=self.stack.public_url, timeout=SECONDS, trust_env=False) as self.rest:
            await self._learn()
            left = iter(range(cases))

            async def work() -> None:
                for number in left:
                    await self._one(number)

            await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        for channel in self.channels.values():
            await channel.close()

    async def _learn(self) -> None:
        """Learn some ids, so that not everything comes to nothing."""
        learn = self.dice.learn
        for show in (await self.rest.get("/api/v1/shows?pageSize=3")).json()["shows"]:
            for name, value in (("show_id", "id"), ("movie_id", "movieId"), ("screen_id", "screenId")):
                learn(name, show[value])
            learn("event_id", show["eventId"])
        show_id = self.dice.ids["show_id"][0]
        for seat in (await self.rest.get(f"/api/v1/seats/shows/{show_id}")).json()["seats"][:60]:
            learn("show_seat_ids", seat["id"])
        for venue in (await self.rest.get("/api/v1/venues?pageSize=3")).json()["venues"]:
            learn("venue_id", venue["id"])
        for _ in range(20):
            learn("user_id", self.dice.uuid())

    async def _one(self, number: int) -> None:
        chance = self.dice.chance
        method = list(METHODS.values())[number % len(METHODS)]
        self.methods[method.path] += 1
        # What services tell each other is believed, so it is told of things that there are not.
        known = method not in FOR_SERVICES
        how = chance.choice(("right", "right", "wrong", "wrong", "broken"))
        message = (self.dice.wrong if how == "wrong" else self.dice.right)(method.request, known=known)
        ways = ["port", "gateway"] + ["rest"] * (bool(method.bindings) and not method.takes_bytes)
        way = chance.choice(ways)
        case = f"{SEED}:{number} {how} {method.descriptor.name} by {way}"
        if way == "rest":
            await self._rest(case, method, message, how)
        else:
            data = message.SerializeToString()
            data = self.dice.broken(data) if how == "broken" else data
            await self._grpc(case, method, data, method.cluster if way == "port" else "gateway")

    async def _grpc(self, case: str, method: Method, data: bytes, to: str) -> None:
        def raw(answer: bytes) -> bytes:
            return answer

        make = self.channels[to].unary_stream if method.streams else self.channels[to].unary_unary
        call = make(method.path, request_serializer=raw, response_deserializer=raw)(data, timeout=SECONDS)
        try:
            if method.streams:
                # The first of its messages will do.
                answer = await anext(aiter(call))
                call.cancel()
            else:
                answer = await call
        except grpc.aio.AioRpcError as error:
            self._judge(case, data, error, hidden=to == "gateway" and method in FOR_SERVICES)
            return
        self.outcomes["OK"] += 1
        self._learn_from(method.response.FromString(answer))

    def _judge(self, case: str, data: bytes, error: grpc.aio.AioRpcError, *, hidden: bool) -> None:
        code = error.code()
        self.outcomes[code.name] += 1
        shown = f"{case} {data[:200]!r}: {code.name}: {error.details()}"
        if code in NEVER or (hidden and code is not grpc.StatusCode.UNIMPLEMENTED):
            self.complaints.append(shown)
            return
        status = rpc_status.from_call(error)
        text = str(error.details())
        if status is None:
            if code not in BARE:
                self.complaints.append(f"{shown} (no details)")
        else:
            info = error_details_pb2.ErrorInfo()
            if not status.details or not status.details[0].Unpack(info) or info.domain != "boxoffice":
                self.complaints.append(f"{shown} (no ErrorInfo)")
            text += str(status)
        if found := INTERNAL.search(text):
            self.complaints.append(f"{shown} (tells of {found[0]!r})")

    async def _rest(self, case: str, method: Method, message: Message, how: str) -> None:
        verb, path = self.dice.chance.choice(method.bindings)
        fields = _as_json(message)
        for name in re.findall(r"{(\w+)}", path):
            json_name = message.DESCRIPTOR.fields_by_name[name].json_name
            path = path.replace(f"{{{name}}}", quote(str(fields.pop(json_name, "x")), safe="") or "x")
        body = None
        if verb in ("POST", "PATCH"):
            body = json.dumps(fields).encode()
            body = self.dice.broken(body) if how == "broken" else body
        else:
            path += "?" + "&".join(f"{name}={quote(str(value), safe='')}" for name, value in fields.items() if value)
        try:
            request = self.rest.build_request(verb, path[:60_000], content=body)
        except httpx.InvalidURL:
            return
        answer = await self.rest.send(request, stream=True)
        self.outcomes[f"HTTP {answer.status_code}"] += 1
        if method.streams and answer.status_code == 200:
            # It has no end.
            await answer.aclose()
            return
        await answer.aread()
        shown = f"{case} {verb} {path[:200]} {(body or b'')[:200]!r}: {answer.status_code} {answer.text[:300]}"
        if answer.status_code >= 500:
            self.complaints.append(shown)
        elif answer.status_code >= 400:
            refusal: Any = answer.json()
            if refusal["details"][0]["domain"] != "boxoffice":
                self.complaints.append(f"{shown} (no ErrorInfo)")
            if found := INTERNAL.search(answer.text.replace("type.googleapis.com", "")):
                self.complaints.append(f"{shown} (tells of {found[0]!r})")

    def _learn_from(self, answer: Message) -> None:
        name = answer.DESCRIPTOR.full_name
        if name == "boxoffice.booking.v1.Booking":
            self.dice.learn("booking_id", answer.id)  # type: ignore[attr-defined]
        elif name == "boxoffice.payment.v1.InitiatePaymentResponse":
            self.dice.learn("session_id", answer.session_id)  # type: ignore[attr-defined]


def _as_json(message: Message) -> dict[str, Any]:
    """Write a message as JSON does; as nothing where it cannot be, with a time far outside of the calendar."""
    try:
        return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    except (json_format.Error, ValueError, OverflowError):
        return {}


@pytest.mark.timeout(4 * 3600)
async def test_whatever_comes_it_is_refused_in_our_own_words(stack: Stack) -> None:
    fuzz = Fuzz(stack, SEED)
    await fuzz.run(CASES)
    assert not fuzz.complaints, f"{len(fuzz.complaints)} of {CASES}:\n" + "\n".join(fuzz.complaints[:30])
    assert set(fuzz.methods) == set(METHODS)
    # It got somewhere, and was turned away.
    assert fuzz.outcomes["OK"] > CASES / 50, fuzz.outcomes
    assert fuzz.outcomes["INVALID_ARGUMENT"] > CASES / 20, fuzz.outcomes
    print(f"{CASES} cases, seed {SEED}: {dict(fuzz.outcomes.most_common())}")
