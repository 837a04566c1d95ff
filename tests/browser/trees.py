"""What assistive technology gets of a page: roles, names and states, as text that is kept and compared."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

from tests.browser.chromium import Browser

FOLDER = Path(__file__).parent / "trees"
RENEW = bool(os.environ.get("RENEW_TREES"))
"""Whether what is kept is written anew (`make trees`), not compared."""

ROLES = {
    *(
        "alert",
        "button",
        "cell",
        "checkbox",
        "combobox",
        "form",
        "grid",
        "gridcell",
        "group",
        "heading",
        "image",
        "link",
    ),
    *(
        "list",
        "listitem",
        "main",
        "navigation",
        "radio",
        "region",
        "row",
        "rowgroup",
        "rowheader",
        "searchbox",
        "spinbutton",
    ),
    *("status", "table", "textbox", "timer"),
}
STATES = ("checked", "disabled", "expanded", "invalid", "required", "selected")
MASKS = {
    r"\w{3}, \w{3} \d{1,2}, \d{4}": "DATE",
    r"\d{1,2}:\d\d(\s[AP]M)?": "TIME",
    r"₹[\d,.]*\d": "AMOUNT",
    r"row \w+, seat \w+": "row R, seat S",
    r"(?<=Booking )[A-Z0-9]{8,}": "NUMBER",
}
"""What differs from day to day, and by who was here before."""


def tree(browser: Browser) -> str:
    """Return the main part of a page, a line for each thing that has a meaning."""
    nodes = {each["nodeId"]: each for each in browser.command("Accessibility.getFullAXTree")["nodes"]}
    main = next(each for each in nodes.values() if role_of(each) == "main")
    return "\n".join(_lines(nodes, main, 0)) + "\n"


def differences(browser: Browser, name: str) -> list[str]:
    """Return how a page differs from what is kept of it; nothing where nothing is."""
    kept, seen = FOLDER / f"{name}.txt", tree(browser)
    if RENEW and kept.exists():
        kept.write_text(seen)
    if not kept.exists() or kept.read_text() == seen:
        return []
    changed = unified_diff(kept.read_text().splitlines(), seen.splitlines(), "kept", "seen", lineterm="", n=1)
    return [f"{name}: look at it, then `make trees`:\n" + "\n".join(changed)]


def role_of(node: Mapping[str, Any]) -> str:
    return str(node.get("role", {}).get("value", ""))


def _lines(nodes: Mapping[str, Any], node: Mapping[str, Any], depth: int) -> Iterator[str]:
    role = role_of(node)
    is_kept = role in ROLES and not node.get("ignored")
    if is_kept:
        name = str(node.get("name", {}).get("value", ""))
        for pattern, mask in MASKS.items():
            name = re.sub(pattern, mask, name)
        found = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
        states = [state for state in STATES if found.get(state) not in (None, False, "false")]
        yield "  " * depth + " ".join([role, f'"{name}"' if name else "", *states]).replace("  ", " ").rstrip()
    for child in node.get("childIds", []):
        if child in nodes:
            yield from _lines(nodes, nodes[child], depth + is_kept)
