"""Checks of our own for schemathesis, which loads this file in its own process; see schemathesis.toml."""

from __future__ import annotations

import re
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

from tests.gateway.openapi import resolved

WITHOUT_WORDS = re.compile(
    r"is not a token that this list gave"
    r"|cannot be given together with|send one of (eventId and movieId|the two)|one of eventId and movieId"
    r"|comes twice and differs, in body or headers"
    r"|says what the result is"
    r"|must be (greater|less) than .* and less than"
    r"|is the (label|name) of two"
)
"""What is said of requests whose fields are each right: the rules that JSON schemas have no words for."""


@schemathesis.check
def a_failure_has_a_reason_that_the_document_lists(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    if response.status_code < 400:
        return None
    # That there is one is for the schema to say.
    reason = next((each.get("reason") for each in response.json()["details"]), None)
    told: dict[str, Any] = resolved(case.operation.definition.raw["responses"][str(response.status_code)])
    assert reason in told["content"]["application/json"]["examples"], f"{reason} is not listed for this status"
    return None


@schemathesis.check
def a_refusal_of_right_data_has_a_cause(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return None
    answer = response.json()
    if answer["details"][0]["reason"] == "INVALID_FIELD":
        said = [each["description"] for each in answer["details"][1]["fieldViolations"]]
        unknown = [each for each in said if not WITHOUT_WORDS.search(each)]
        assert not unknown, f"the document allows what is refused: {answer['message']}"
    return None
