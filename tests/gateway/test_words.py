"""Every rule of every field of the contracts is broken once: REST and gRPC name the field, in the same words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import grpc
import httpx
import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.inventory.v1 import catalog_pb2
from boxoffice.text.v1 import text_pb2
from boxoffice.words import MUST
from buf.validate import validate_pb2
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2

from gateway.contracts import DESCRIPTOR
from gateway.render import CLUSTERS, render
from gateway.words import Words
from services.chassis.errors import InvalidField
from services.chassis.wire.rules import check
from services.identity.accounts.domain import normalised
from tests.cases import all_cases
from tests.gateway.fakes import METHODS, PUBLIC, FakeService, Gateway, Method, Services, status_of
from tests.patience import patient

ID = "019aa4c8-5d5c-7b1e-9f6e-3b1f0c2d4e5a"
TEXTS = (
    *("nope", "a b", "é", "x", "en", "INR", "IN", "27", "999614", "TICKETS", "alice@example.com", "+919876543210"),
    *(f"sess_{ID}", ID.replace("-", ""), "2027-03-28", "ab" * 32, "ab" * 22, "\0", "https://example.com/hooks"),
)
"""For every pattern there is one that it takes and one that it does not."""

LIBRARIES = re.compile(
    r"[\\^$]|int32|uint|TYPE_|INVALID_ARGUMENT|regex|pattern|protovalidate|pydantic|protobuf|envoy|proto|cel\b|"
    r"\bvalue\b|item\(s\)|at least|greater than|less than",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Break:
    """A request that breaks one rule and is right otherwise."""

    method: Method
    rule: str
    at: str
    """The field, as JSON spells it."""
    name: str
    """Its full name in the contracts, with [] for an item of a list."""
    message: Message

    def __str__(self) -> str:
        return f"{self.method.descriptor.name} {self.at} {self.rule}"


def rules_of(field: FieldDescriptor) -> validate_pb2.FieldRules:
    return field.GetOptions().Extensions[validate_pb2.field]


def right(message: Descriptor) -> Message:
    """Make a message that keeps all rules."""
    made = GetMessageClass(message)()
    for field in message.fields:
        rules = rules_of(field)
        if field.is_repeated:
            least = max(rules.repeated.min_items, 1)
            values = [right_value(field, rules.repeated.items) for _ in range(least)]
            getattr(made, field.name).extend(values)
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(right_value(field, rules))
        else:
            setattr(made, field.name, right_value(field, rules))
    return made


def right_value(field: FieldDescriptor, rules: validate_pb2.FieldRules) -> Any:
    if field.message_type is HttpBody.DESCRIPTOR:
        return HttpBody(data=b"-")
    if field.message_type is not None:
        is_time = field.message_type.full_name == Timestamp.DESCRIPTOR.full_name
        return Timestamp(seconds=1_893_456_000) if is_time else right(field.message_type)
    if field.enum_type is not None:
        return field.enum_type.values[1].number
    if field.type in (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64):
        return max(rules.int32.gte, rules.int64.gte, 1)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"{}"  # of a file
    text = rules.string
    if field.GetOptions().Extensions[text_pb2.text] == text_pb2.Text.LANGUAGE:
        return "en"
    if text.uuid:
        return ID
    fits = (each for each in (*TEXTS, "x" * max(text.min_len, 1)) if re.search(text.pattern, each))
    return next(each for each in fits if text.min_len <= len(each) <= (text.max_len or len(each)))


def wrong_values(field: FieldDescriptor, rules: validate_pb2.FieldRules) -> Iterator[tuple[str, Any]]:
    """Yield (rule, value that breaks it) of a value or of an item of a list."""
    text, number, time = rules.string, rules.int32, rules.timestamp
    if field.type == FieldDescriptor.TYPE_STRING:
        if text.uuid:
            yield "uuid", "nope"
        if text.min_len:
            yield "min_len", "x" * (text.min_len - 1)
        if text.max_len:
            yield "max_len", "x" * (text.max_len + 1)
        if text.pattern:
            yield "pattern", next(each for each in TEXTS if not re.search(text.pattern, each))
    elif field.enum_type is not None:
        yield "defined_only", 99
        yield from (("not_in", each) for each in rules.enum.not_in)
    elif field.type == FieldDescriptor.TYPE_INT32:
        if number.HasField("gte"):
            yield "gte", number.gte - 1
        if number.lte and number.lte < 2**31 - 1:
            yield "lte", number.lte + 1
    elif field.type == FieldDescriptor.TYPE_INT64:
        yield "gte", rules.int64.gte - 1
        yield "lte", rules.int64.lte + 1
    elif time.HasField("gt"):
        yield "gt", time.gt
        yield "lt", time.lt


def breaks_of(message: Descriptor) -> Iterator[tuple[str, str, str, Message]]:
    """Yield (rule, path, full name, message that breaks it) for all fields of a message and of what is in it."""
    for field in message.fields:
        rules = rules_of(field)
        if field.is_repeated:
            yield from breaks_of_list(message, field, rules)
            continue
        for rule, wrong in wrong_values(field, rules):
            made = right(message)
            if field.message_type is None:
                setattr(made, field.name, wrong)
            else:
                getattr(made, field.name).CopyFrom(wrong)
            yield rule, field.json_name, field.full_name, made
        if rules.required:
            made = right(message)
            made.ClearField(field.name)
            yield "required", field.json_name, field.full_name, made
        if field.message_type is not None and field.message_type.full_name.startswith("boxoffice."):
            for rule, at, name, inner in breaks_of(field.message_type):
                made = right(message)
                getattr(made, field.name).CopyFrom(inner)
                yield rule, f"{field.json_name}.{at}", name, made


def breaks_of_list(
    message: Descriptor, field: FieldDescriptor, rules: validate_pb2.FieldRules
) -> Iterator[tuple[str, str, str, Message]]:
    one = right_value(field, rules.repeated.items)

    def made_of(items: list[Any]) -> Message:
        made = right(message)
        made.ClearField(field.name)
        getattr(made, field.name).extend(items)
        return made

    if rules.repeated.min_items:
        yield "min_items", field.json_name, field.full_name, made_of([])
    if rules.repeated.max_items:
        yield "max_items", field.json_name, field.full_name, made_of([one] * (rules.repeated.max_items + 1))
    if rules.repeated.unique:
        yield "unique", field.json_name, field.full_name, made_of([one, one])
    for rule, wrong in wrong_values(field, rules.repeated.items):
        yield f"items.{rule}", f"{field.json_name}[0]", f"{field.full_name}[]", made_of([wrong])
    if field.message_type is not None:
        for rule, at, name, inner in breaks_of(field.message_type):
            yield rule, f"{field.json_name}[0].{at}", name, made_of([inner])


BREAKS = [
    Break(method, *each)
    for method in METHODS.values()
    if method.path.startswith("/boxoffice.") and method.descriptor.input_type.full_name.startswith("boxoffice.")
    for each in breaks_of(method.descriptor.input_type)
]
OUTSIDE = [each for each in BREAKS if each.method in PUBLIC]


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway in front of services that check requests, and do nothing else."""
    services = Services({name: FakeService(name, strict=True) for name in CLUSTERS})
    await services.start()
    gateway = Gateway(tmp_path_factory.mktemp("words"), render(services.addresses, port=0, admin_port=0))
    await gateway.start()
    yield gateway
    await gateway.stop()
    await services.stop()


def plain(words: str) -> None:
    assert not (found := LIBRARIES.search(words)), f"{found[0]!r} in {words!r}"


def test_every_sentence_is_in_plain_words_and_for_a_field_that_there_is() -> None:
    assert Words(FileDescriptorSet.FromString(DESCRIPTOR.read_bytes())).sentences() == MUST
    for words in MUST.values():
        plain(words)
        assert words.startswith("must be ")


def test_a_rule_without_words_is_a_fault_of_the_contracts() -> None:
    for planted in ('pattern: "^[a-f]{1,9}$"', 'prefix: "x"'):
        files = FileDescriptorSet.FromString(DESCRIPTOR.read_bytes())
        file = next(file for file in files.file if file.name.endswith("catalog.proto"))
        message = next(each for each in file.message_type if each.name == "CreateVenueRequest")
        rules = message.field[0].options.Extensions[validate_pb2.field]
        name, _, value = planted.partition(": ")
        setattr(rules.string, name, value.strip('"'))
        with pytest.raises(NotImplementedError, match=r"no words"):
            Words(files).sentences()


def test_every_kind_of_rule_is_broken_somewhere() -> None:
    assert {each.rule for each in BREAKS} == {
        *("uuid", "min_len", "max_len", "pattern", "defined_only", "not_in", "gte", "lte", "gt", "lt", "required"),
        *("min_items", "max_items", "unique", "items.uuid", "items.max_len", "items.defined_only", "items.not_in"),
        *("items.min_len", "items.pattern", "items.gte", "items.lte"),
    }


def test_a_service_names_the_field_and_says_what_it_must_be() -> None:
    with all_cases() as case:
        for broken in BREAKS:
            with case(broken):
                with pytest.raises(InvalidField) as refused:
                    check(broken.message)
                assert (broken.at, MUST[broken.name]) in refused.value.violations
                assert {field for field, _ in refused.value.violations} <= {broken.at, f"{broken.at}[0]"}
                plain(str(refused.value))


@pytest.mark.parametrize(
    "time",
    [
        Timestamp(seconds=-62_135_596_801),
        Timestamp(seconds=253_402_300_800),
        Timestamp(seconds=2**62),
        Timestamp(nanos=-1),
        Timestamp(nanos=1_000_000_000),
    ],
    ids=str,
)
def test_a_message_with_a_time_that_is_none_is_refused(time: Timestamp) -> None:
    for request, field in (
        (catalog_pb2.ListShowsRequest(to=time), "to"),
        (bank_pb2.CreateSessionRequest(expires_at=time), "expires_at"),
    ):
        with pytest.raises(InvalidField) as refused:
            check(request)
        each = request.DESCRIPTOR.fields_by_name[field]
        assert (each.json_name, MUST[each.full_name]) in refused.value.violations


def test_identity_says_the_same_of_an_address_that_only_it_can_tell_to_be_wrong() -> None:
    with pytest.raises(InvalidField) as refused:
        normalised("a b@c")
    assert refused.value.violations == (("email", MUST["boxoffice.identity.v1.RegisterRequest.email"]),)


def violations(details: list[Any]) -> list[tuple[str, str]]:
    bad = error_details_pb2.BadRequest()
    for detail in details:
        detail.Unpack(bad)
    return [(each.field, each.description) for each in bad.field_violations]


async def over_grpc(channel: grpc.aio.Channel, broken: Break) -> list[tuple[str, str]]:
    data = broken.message.SerializeToString()
    method = channel.unary_stream if broken.method.streams else channel.unary_unary
    call = method(broken.method.path)(data, timeout=patient(10))
    try:
        _ = [each async for each in call] if broken.method.streams else await call
    except grpc.aio.AioRpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        return violations(list(status_of(error).details))
    raise AssertionError(f"{broken} is taken")


async def over_rest(client: httpx.AsyncClient, verb: str, path: str, broken: Break) -> list[tuple[str, str]] | None:
    """Return what is blamed; None where HTTP has no way to say what is wrong."""
    body = json_format.MessageToDict(broken.message, always_print_fields_with_no_presence=True)
    variables = {field.name: body.pop(field.json_name) for field in broken.message.DESCRIPTOR.fields
                 if f"{{{field.name}}}" in path}  # fmt: skip
    if "" in variables.values():
        return None  # another path
    url = re.sub(r"{(\w+)}", lambda name: quote(variables[name[1]]), path)
    file = next((body.pop(each.name) for each in broken.message.DESCRIPTOR.fields
                 if each.message_type is HttpBody.DESCRIPTOR), None)  # fmt: skip
    if verb in ("POST", "PUT", "PATCH") and file is None:
        answer = await client.request(verb, url, json=body)
    else:
        if any(isinstance(value, int) and broken.at == name for name, value in body.items()
               if broken.rule == "defined_only"):  # fmt: skip
            return None  # a query has enums by name only
        query = {name: value for name, value in body.items() if value != ""}
        answer = await client.request(verb, url, params=query, content=None if file is None else b"-")
    assert answer.status_code == 400, f"{broken}: {answer.text}"
    body = answer.json()
    plain(body["message"])
    return [(each["field"], each["description"]) for each in body["details"][1]["fieldViolations"]]


async def test_both_ways_name_the_field_in_the_same_words(door: Gateway) -> None:
    async with (
        grpc.aio.insecure_channel(door.address) as channel,
        httpx.AsyncClient(base_url=f"http://{door.address}", timeout=patient(10)) as client,
    ):
        with all_cases() as case:
            for broken in OUTSIDE:
                with case(broken):
                    expected = (broken.at, MUST[broken.name])
                    assert expected in await over_grpc(channel, broken)
                    for verb, path in broken.method.bindings:
                        blamed = await over_rest(client, verb, path, broken)
                        assert blamed is None or expected in blamed
