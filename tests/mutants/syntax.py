"""A piece of code or of a text, found by what it means and not by how it is laid out, and what becomes of it."""

import ast
import re
from copy import deepcopy
from itertools import count
from textwrap import dedent
from typing import Any

Statements = list[ast.stmt]


def changed(node: ast.stmt, before: str, after: str) -> list[Statements]:
    """Return what `node` becomes with `after` instead of `before`: once for each time that this stands in it."""
    for kind in (_Code, _Text):
        results = []
        for number in count():
            try:
                edit = kind(before, after, number)
            except SyntaxError:
                break
            module = edit.visit(ast.Module([deepcopy(node)], []))
            if not edit.is_made:
                break
            results.append(ast.fix_missing_locations(module).body)
        if results:
            return results
    return []


class _Edit(ast.NodeTransformer):
    """Passes over the first `number` of what it finds, and changes the next."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.is_made = False

    def _is_due(self) -> bool:
        self._number -= 1
        self.is_made |= self._number == -1
        return self._number == -1


class _Code(_Edit):
    """Changes an expression where both are one, and statements otherwise."""

    def __init__(self, before: str, after: str, number: int) -> None:
        super().__init__(number)
        self._before, self._after = ast.parse(dedent(before)).body, ast.parse(dedent(after)).body
        self._are_expressions = [type(each) for each in (*self._before, *self._after)] == [ast.Expr, ast.Expr]

    def visit(self, node: ast.AST) -> Any:
        if not self._are_expressions:
            for block in ("body", "orelse", "finalbody"):
                if isinstance(statements := getattr(node, block, None), list):
                    setattr(node, block, self._change_statements(statements))
        elif isinstance(node, ast.expr):
            old, new = (each.value for each in (self._before[0], self._after[0]) if isinstance(each, ast.Expr))
            if _fits(old, node, []) and self._is_due():
                return new
            if isinstance(old, ast.Dict) and isinstance(new, ast.Dict) and isinstance(node, ast.Dict):
                self._change_entries(node, old, new)
        return self.generic_visit(node)

    def _change_statements(self, statements: Statements) -> Statements:
        for start in range(len(statements) - len(self._before) + 1):
            end, rest = start + len(self._before), Statements()
            if _fits(self._before, statements[start:end], rest) and self._is_due():
                after = _Filled(rest).visit(ast.Module(self._after, [])).body
                return [*statements[:start], *after, *statements[end:]] or [ast.Pass()]
        return statements

    def _change_entries(self, node: ast.Dict, old: ast.Dict, new: ast.Dict) -> None:
        for start in range(len(node.keys) - len(old.keys) + 1) if len(old.keys) < len(node.keys) else ():
            part = slice(start, start + len(old.keys))
            if _fits(old, ast.Dict(node.keys[part], node.values[part]), []) and self._is_due():
                node.keys[part], node.values[part] = new.keys, new.values
                return


class _Text(_Edit):
    """Changes a part of a text."""

    def __init__(self, before: str, after: str, number: int) -> None:
        super().__init__(number)
        self._before, self._after = r"\s+".join(map(re.escape, before.split())), after

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            for found in re.finditer(self._before, node.value):
                if self._is_due():
                    return ast.Constant(node.value[: found.start()] + self._after + node.value[found.end() :])
        return node


class _Filled(ast.NodeTransformer):
    """Puts statements where `...` stands."""

    def __init__(self, rest: Statements) -> None:
        self._rest = rest

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | Statements:
        return self._rest if _is_rest(node) else node


def _is_rest(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _fits(pattern: Any, code: Any, rest: Statements) -> bool:
    """Return whether code is as a pattern says; put what the pattern's `...` stands for into `rest`."""
    if isinstance(pattern, ast.AST):
        if type(pattern) is not type(code):
            return False
        fields = [field for field in pattern._fields if field not in ("ctx", "kind", "type_comment")]
        return all(_fits(getattr(pattern, field, None), getattr(code, field, None), rest) for field in fields)
    if not isinstance(pattern, list) or not isinstance(code, list):
        return bool(pattern == code)
    if any(map(_is_rest, pattern)):
        start = next(at for at, each in enumerate(pattern) if _is_rest(each))
        end = len(code) - (len(pattern) - start - 1)
        rest[:] = code[start:end]
        pattern, code = [*pattern[:start], *pattern[start + 1 :]], [*code[:start], *code[max(start, end) :]]
    return len(pattern) == len(code) and all(_fits(one, other, rest) for one, other in zip(pattern, code, strict=True))
