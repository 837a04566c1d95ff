"""docs/errors.md is what the errors in the code give, and the metadata it tells of is what they carry."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections import defaultdict
from pathlib import Path

from tests.cases import all_cases

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "errors.md").read_text()

_spec = importlib.util.spec_from_file_location("errors_page", ROOT / "docs" / "errors.py")
assert _spec is not None and _spec.loader is not None
errors_page = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(errors_page)


def test_the_page_is_what_make_protos_writes() -> None:
    assert errors_page.page() == PAGE, "run make protos"


def test_every_reason_in_the_code_is_on_the_page() -> None:
    files = [*(ROOT / "services").rglob("errors.py"), *(ROOT / "services").rglob("catalogue.py")]
    texts = "\n".join(file.read_text() for file in [*files, ROOT / "gateway" / "replies.py"])
    reasons = set(re.findall(r'reason = "([A-Z_]+)"', texts)) | set(re.findall(r'^        "([A-Z_]+)",$', texts, re.M))
    bases = {"NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE"}
    assert {reason for reason in reasons if f"| `{reason}` |" not in PAGE} == bases


def test_the_metadata_of_every_error_is_told() -> None:
    keywords: dict[Path, dict[str, set[str]]] = {}
    with all_cases() as case:
        for kind in errors_page._kinds():
            with case(kind):
                keys = {key for text in errors_page._carried(kind) for key in re.findall(r"`(\w+)`", text)}
                folder = ROOT / re.split(r"\.(?:domain|errors)\b", kind.__module__)[0].replace(".", "/")
                if folder not in keywords:
                    keywords[folder] = _keywords(folder)
                assert keys == keywords[folder].get(kind.__name__, set()) | _given_by(kind)


def _keywords(folder: Path) -> dict[str, set[str]]:
    """Return the keywords with which the code of one service calls what it names alone, such as its errors."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found[node.func.id].update(keyword.arg for keyword in node.keywords if keyword.arg)
    return found


def _given_by(kind: type) -> set[str]:
    """Return the keys that an error's own constructor gives: those of errors that are about seats."""
    of_seats = any(base.__name__ in ("_OfSeats", "SeatsNotLeft", "TicketAdmitted") for base in kind.__mro__)
    return {"seat_ids"} if of_seats else set()
