"""What templates say by themselves, outside of the sentences that are translated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment, nodes

_LETTERS = re.compile(r"[^\W\d_]{2,}")
_READ = {"alt", "title", "placeholder", "aria-label", "aria-description", "aria-roledescription"}
_HOLE = "\ufffc"
"""Stands for what a template fills in."""

NAMES = {"Boxoffice", "pretix"}
"""What is called alike in every language."""


class _Texts(HTMLParser):
    """Gathers what people read of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._is_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_data = tag in ("script", "style")
        self.found += [value for name, value in attrs if name in _READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._is_data = False

    def handle_data(self, data: str) -> None:
        if not self._is_data:
            self.found.append(data)


def untranslated(source: str) -> list[str]:
    """Return each text of a template that people would read in English whatever their language is."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    page = _Texts()
    page.feed("".join(_pieces(tree)))
    page.close()
    said = [*page.found, *_chosen(tree)]
    return [text.strip() for text in said if _LETTERS.search(_without_names(text))]


def _without_names(text: str) -> str:
    for name in NAMES:
        text = text.replace(name, "")
    return text


def _pieces(tree: nodes.Template) -> Iterator[str]:
    """Return the template as a page, with a hole for each value."""
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            yield node.data if isinstance(node, nodes.TemplateData) else _HOLE


def _chosen(tree: nodes.Template) -> Iterator[str]:
    """Return the texts that an expression chooses from, as in `"done" if it is else "open"`."""
    for choice in tree.find_all(nodes.CondExpr):
        for branch in (choice.expr1, choice.expr2):
            if isinstance(branch, nodes.Const) and isinstance(branch.value, str):
                yield branch.value
