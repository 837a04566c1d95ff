"""Bugs of the pages of organizers: other amounts and times than were typed, and pages for whom they are not."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

RULES = ("tests/web/test_organizing_rules.py",)
PAGES = ("tests/web/test_organizing.py",)

MUTANTS = (
    Mutant(
        "digits behind the point are taken for whole units",
        "amounts:_exact",
        'part.ljust(digits, "0")',
        "part",
        MONEY,
        RULES,
    ),
    Mutant(
        "digits that a currency lacks are passed over",
        "amounts:_exact",
        "len(part) > digits",
        "False",
        MONEY,
        RULES,
    ),
    Mutant(
        "a time that the clocks leave out is another one",
        "times:instant",
        "shown_again != shown",
        "False",
        REQUESTS,
        RULES,
    ),
    Mutant(
        "a show is moved without a look at whom that concerns",
        "moving:move",
        'form.get("agreed") != seen.token',
        "False",
        REQUESTS,
        PAGES,
    ),
    Mutant(
        "a show is cancelled for other figures than were seen",
        "cancelling:cancel_show",
        'form.get("token", "")',
        "(await visit.services.preview_show_cancellation(show_id=show.id)).token",
        MONEY,
        PAGES,
    ),
    Mutant(
        "a picture is taken from another site's form",
        "uploads:_check_word",
        'not hmac.compare_digest(texts.get("word", "").encode(), visit.session.word.encode())',
        "False",
        REQUESTS,
        PAGES,
    ),
    Mutant(
        "pages for managers are for every member",
        "access:may",
        "visit.claims.memberships.get(organization_id) in roles",
        "organization_id in visit.claims.memberships",
        REQUESTS,
        PAGES,
    ),
    Mutant(
        "events of all organizations are listed for one",
        "listing:parse_filter",
        "UUID(request.organization_id) if request.organization_id else None",
        "None",
        REQUESTS,
        ("tests/inventory/test_catalogue_events.py",),
    ),
    Mutant(
        "uses of a coupon that are no number are no limit",
        "coupons:_terms",
        'MOST_USES + 1 if said.get(name, "").strip() else 0',
        "0",
        MONEY,
        RULES,
    ),
    Mutant(
        "an end that nobody changed is cut to the minute",
        "coupons:_terms",
        'was and was.HasField(name) and is_kept(text, getattr(was, name), said.get("zone", ""))',
        "False",
        REQUESTS,
        RULES,
    ),
    Mutant(
        "prices of another tab are taken back unseen",
        "edits:check",
        'form.get("seen", seen(said)) != seen(said)',
        "False",
        MONEY,
        PAGES,
    ),
    Mutant(
        "a page about a booking leads to the coupons of another organization",
        "acting:acting_for",
        "visit.organization_id = organization_id",
        "pass",
        REQUESTS,
        ("tests/web/test_office_acting.py",),
    ),
)
