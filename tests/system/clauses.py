"""An invariant's query with one of its conditions left out, for each of them: what `AND` and `OR` join."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(r"'[^']*'|--.*|[()]|DISTINCT FROM|\w+")
OPENS, CLOSES = ("(", "CASE"), (")", "END")
# What a condition begins behind, or ends at.
BORDERS = ("WHERE", "HAVING", "ON", "WHEN", "THEN", "ELSE", "SELECT", "FROM", "JOIN", "LEFT", "FULL", "GROUP", "UNION")


@dataclass
class _Condition:
    """A stretch of a query, from `begin` on, and what joins its parts: where a word begins and ends, and the word."""

    begin: int
    joints: list[tuple[int, int, str]] = field(default_factory=list)
    in_between: bool = False


def without_each(sql: str) -> Iterator[tuple[str, str]]:
    """Yield each part of a condition, and the query without it."""
    nested = [_Condition(0)]
    for token in TOKEN.finditer(sql):
        word, now = token[0], nested[-1]
        if word in OPENS:
            nested.append(_Condition(token.end()))
        elif word in CLOSES:
            yield from _parts(sql, nested.pop(), token.start())
        elif word in BORDERS:
            yield from _parts(sql, now, token.start())
            nested[-1] = _Condition(token.end())
        elif word == "BETWEEN":
            now.in_between = True
        elif word == "AND" and now.in_between:
            now.in_between = False
        elif word in ("AND", "OR"):
            now.joints.append((token.start(), token.end(), word))
    yield from _parts(sql, nested.pop(), len(sql))


def _parts(sql: str, condition: _Condition, end: int) -> Iterator[tuple[str, str]]:
    """Yield what OR joins, then what AND joins, which binds closer."""
    alternatives = [joint for joint in condition.joints if joint[2] == "OR"]
    yield from _left_out(sql, condition.begin, end, alternatives)
    edges = [condition.begin, *(edge for joint in alternatives for edge in joint[:2]), end]
    for begin, stop in zip(edges[::2], edges[1::2], strict=True):
        together = [joint for joint in condition.joints if joint[2] == "AND" and begin <= joint[0] < stop]
        yield from _left_out(sql, begin, stop, together)


def _left_out(sql: str, begin: int, end: int, joints: list[tuple[int, int, str]]) -> Iterator[tuple[str, str]]:
    if not joints:
        return
    yield " ".join(sql[begin : joints[0][0]].split()), sql[:begin] + sql[joints[0][1] :]
    for joint, stop in zip(joints, [*(next_one[0] for next_one in joints[1:]), end], strict=True):
        yield " ".join(sql[joint[1] : stop].split()), sql[: joint[0]] + " " + sql[stop:]
