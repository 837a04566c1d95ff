"""Bugs of what the shop looks like: languages, amounts, what others read of it, and where links lead."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

LANGUAGES = ("tests/web/test_languages.py",)
SEARCHES = ("tests/web/test_search_engines.py",)
SHOP = ("tests/web/test_shop.py",)

MUTANTS = (
    Mutant(
        "amounts have the digits that people write, not those that the currency has",
        "languages:_money",
        "pattern.apply(Decimal(amount).scaleb(-digits), locale, currency=currency, currency_digits=False)",
        "pattern.apply(Decimal(amount).scaleb(-digits), locale, currency=currency)",
        MONEY,
        LANGUAGES,
    ),
    Mutant(
        "the choice of a language leads to another site",
        "switching:switch",
        'own(request.query.get("next"))',
        'request.query.get("next", "/")',
        REQUESTS,
        LANGUAGES,
    ),
    Mutant(
        "a cookie names a language that there is none of",
        "languages:reader",
        "cookie in NAMES",
        "cookie",
        REQUESTS,
        LANGUAGES,
    ),
    Mutant(
        "prices are told to search engines in minor units",
        "search_engines:_offers",
        "Decimal(each.price).scaleb(-DIGITS.get(show.currency, 2))",
        "Decimal(each.price)",
        MONEY,
        SEARCHES,
    ),
    Mutant(
        "what is sold out is offered",
        "search_engines:_availability",
        "show.sold_out",
        "False",
        REQUESTS,
        SEARCHES,
    ),
    Mutant(
        "answers of the shop are counted by address",
        "measures:count",
        "resource.canonical if resource is not None else ''",
        "request.path",
        REQUESTS,
        SHOP,
    ),
)
