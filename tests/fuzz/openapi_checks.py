"""What schemathesis does and asks of answers besides its own. It loads this file in its own process."""

from __future__ import annotations

import json
import random
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.checks import Failure

from tests.fuzz.as_protobuf import is_read_as_right
from tests.fuzz.pages import is_told_on_a_page
from tests.fuzz.without_words import is_known
from tests.gateway.openapi import resolved

Json = dict[str, Any]

ACCEPTED_WRONG_DATA = "ST201"
"""The code of schemathesis' own negative_data_rejection."""

UNDECLARED_METHOD = "ST204"
"""The code of its unsupported_method."""


@schemathesis.check
def a_failure_has_a_reason_that_the_document_lists(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    responses: Json = case.operation.definition.raw["responses"]
    # That a status is not listed, or an answer has no details, other checks say.
    if response.status_code < 400 or str(response.status_code) not in responses:
        return None
    reason = next((each.get("reason") for each in response.json()["details"]), None)
    declared = resolved(responses[str(response.status_code)])
    assert reason in declared["content"]["application/json"]["examples"], f"{reason} is not listed for this status"
    return None


@schemathesis.check
def what_the_document_allows_is_refused_for_a_known_rule_only(
    ctx: CheckContext, response: Response, case: Case
) -> bool | None:
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return None
    violations = [each for detail in response.json()["details"] for each in detail.get("fieldViolations", [])]
    for violation in violations:
        line = f"{violation['field']}: {violation['description']}"
        assert is_known(violation, case.body), f"the document allows what is refused: {line}"
    return None


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: Json) -> None:
    """Bring a show that is right field by field to keep the rules between them, which chance never does."""
    if case.operation.definition.raw["operationId"] != "CreateShow" or case.meta is None:
        return
    if case.meta.phase.name.value != "fuzzing" or not case.meta.generation.mode.is_positive:
        return
    chance = random.Random(json.dumps(case.body))
    year, month, day = chance.randrange(2030, 2100), chance.randrange(1, 13), chance.randrange(1, 29)
    case.body |= {
        "startTime": f"{year}-{month:02}-{day:02}T12:00:00Z",
        "prices": [{"tier": tier, "price": chance.randrange(1, 1000)} for tier in ("REGULAR", "PREMIUM", "VIP")],
        "blockedSeatIds": [],
    }
    if case.body.get("salesEndAt"):
        case.body["salesEndAt"] = case.body["startTime"]
    if case.body.get("eventId"):
        case.body.pop("movieId", None)


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Leave out that a body was accepted which is right as soon as it is read as the JSON of protobuf is, or that a
    page says what is wrong with it."""
    # A QUERY without a content type is refused for that, as its rules want it.
    if failure.code == UNDECLARED_METHOD and case.method.upper() == "QUERY" and response.status_code == 400:
        return False
    if failure.code == ACCEPTED_WRONG_DATA and is_told_on_a_page(case, response):
        return False
    content = case.operation.definition.raw.get("requestBody", {"content": {}})["content"]
    # A file is no JSON.
    if failure.code != ACCEPTED_WRONG_DATA or "application/json" not in content:
        return True
    return not is_read_as_right(content["application/json"]["schema"], case.body)
