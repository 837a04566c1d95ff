"""Forms that people send: a page says what is wrong with one, and its status is 200."""

from __future__ import annotations

from schemathesis import Case, Response

FORM = "application/x-www-form-urlencoded"


def is_told_on_a_page(case: Case, response: Response) -> bool:
    """Tell whether a page for people answers a form, whatever the form was."""
    content = case.operation.definition.raw.get("requestBody", {"content": {}})["content"]
    kinds = response.headers.get("content-type", [])
    return FORM in content and any(kind.startswith("text/html") for kind in kinds)
