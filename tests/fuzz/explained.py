"""Failures that schemathesis reports by its default checks and docs/openapi.md explains. It loads this file itself.

Whatever is not explained stays a failure.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.checks import Failure

from tests.fuzz.as_protobuf import is_read_as_right
from tests.fuzz.without_words import is_known

REFUSED_RIGHT_DATA, ACCEPTED_WRONG_DATA = "ST202", "ST201"
UNDECLARED_METHOD = "ST204"
MISSING_HEADER = "ST203"
OF_STATE = (9, 11)
"""FAILED_PRECONDITION and OUT_OF_RANGE of google.rpc.Code, which are 400 in HTTP."""


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Leave out what is explained."""
    if failure.code == ACCEPTED_WRONG_DATA:
        return response.status_code != 413 and not _is_read_as_right(case)
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
