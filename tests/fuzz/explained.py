"""Failures that schemathesis reports by its default checks and docs/openapi.md explains. It loads this file itself.

Whatever is not explained stays a failure. Of some sixty cases that it makes out of an operation, every third is tried;
FUZZ_SEED says where it begins, and FUZZ_CASES has all of them tried.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.checks import Failure

from tests.fuzz.as_protobuf import is_read_as_right
from tests.fuzz.pages import is_told_on_a_page
from tests.fuzz.without_words import is_known

REFUSED_RIGHT_DATA, ACCEPTED_WRONG_DATA = "ST202", "ST201"
UNDECLARED_METHOD = "ST204"
MISSING_HEADER = "ST203"
OF_STATE = (9, 11)
"""FAILED_PRECONDITION and OUT_OF_RANGE of google.rpc.Code, which are 400 in HTTP."""

EVERY = 1 if os.environ.get("FUZZ_CASES") else 3
FIRST = int(os.environ.get("FUZZ_SEED") or 1)
_made: Counter[str] = Counter()


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """Choose among the cases of an operation; its examples and its first case are always tried."""
    if case.meta is None or case.meta.phase.name.value != "coverage":
        return True
    operation = case.operation.label
    _made[operation] += 1
    return _made[operation] == 1 or (_made[operation] - FIRST) % EVERY == 0


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Leave out what is explained."""
    if failure.code == ACCEPTED_WRONG_DATA:
        return response.status_code != 413 and not _is_read_as_right(case) and not is_told_on_a_page(case, response)
    if failure.code == REFUSED_RIGHT_DATA and response.status_code == 400:
        return not _is_explained(case, response.json())
    if failure.code == MISSING_HEADER and response.status_code == 404:
        return "GATEWAY_NOT_CONFIGURED" not in response.text
    if failure.code == UNDECLARED_METHOD and case.method.upper() == "QUERY":
        return response.status_code != 400
    return True


def _is_read_as_right(case: Case) -> bool:
    content = case.operation.definition.raw.get("requestBody", {"content": {}})["content"]
    # A file is no JSON.
    return "application/json" in content and is_read_as_right(content["application/json"]["schema"], case.body)


def _is_explained(case: Case, body: Any) -> bool:
    if body["code"] in OF_STATE:
        return True
    violations = [each for detail in body["details"] for each in detail.get("fieldViolations", [])]
    return bool(violations) and all(is_known(each, case.body) for each in violations)
