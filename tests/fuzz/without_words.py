"""What is said of requests whose fields are each right: by rules that JSON schemas have no words for."""

from __future__ import annotations

import re
from collections.abc import Mapping

WITHOUT_WORDS = (
    r"is not a section of this show: take its name from the seat map",
    r"must be a nextPageToken that this list gave with these filters: begin again without one",
    r"cannot be given together with eventId: send one of the two",
    r"must be after (from|validFrom)",
    r"must be (1 to 100|1 or more|absent) where the kind is (PERCENTAGE|FIXED)",
    r"must be there where there is an amount",
    r"must be the code of (a state of India, such as 27 for Maharashtra|the state that the venue is in, such as 27)",
    r"is for sellers in India: leave it out",
    r"must be a GSTIN: .*|is of a kind that sells no tickets: .*|does not end with the right check digit: .*",
    r"begins with \d\d, which is no state's code",
    r"begins with another state's code than the seller's, \d\d",
    r"must be a time zone of the IANA database, such as Asia/Kolkata",
    r"must be in the future",
    r"must be a time that the calendar has, .*",  # years beyond 9999, leap seconds, and the bounds of a show's start
    r"lacks \w+, which the (screen|show) has",
    r"must have an amount or basis points, or both",
    r"must have a price or basis points, and not both",
    r"must be another kind: an ADULT pays the list's price",
    r"is of the same kind and tier as one before",
    r"must name a kind for each seat, in the order of showSeatIds(, then for each place, .*)?, or be left out",
    r"must name a seat, or areas how many places",
    r"is not an area of this show: take it from the show's seat map",
    r"must be \d+ at most: the area has no more",
    r"is named twice: say how many in all",
    r"must be \d+ places in all at most, with the seats that are named",
    r"must be (1 to 100 together with areas|absent where capacity is given|1 at least, where capacity is absent)",
    r"cannot be true together with amenities: send one of the two",
    r"must (name an organization|be left out, as it is not shared with organizations)",
    r"is missing: eventDate, screenId and basePrice go together",
    r"must (not be after the start of the show|be before the end of sales)",
    r"must not be before .*: so long somebody has seats",
    r"is missing: send startTime, screenId or both",
    r"must be \d+ minutes from now or later: not before .*",
    r"must (leave time for sales, which end as long before the start as before|be after the beginning of sales, .*)",
    r"would end sales before .*: so long somebody has seats",
    r"must (be a screen of the show's venue|have the same seats as the show: it .*)",
    r"must be (a text|an e-mail address) of .*",  # blanks around it are none of it
    r"must not have U\+[0-9A-F]+( without a letter before it|: it is not seen, or not known)",
    r"has two prices",
    r"must be \S+ at most",  # the highest price of a show's currency
    r"is not a seat of this screen",
    r"(is named|names an? (seat|show|organization)) twice",  # letters of UUIDs in both cases
    r"must be a list of .*, none twice",  # known ids are put in after the lists were drawn
    r"is the (name|label) of two (sections or areas|\w+)",
    r"has \d+ seats; a screen has \d+ at most",
    r"must be a language tag with parts that IANA's registry has, such as hi or en-IN",
    r"\S+ is out of use: say \S+",
    r"must be the ISO 3166 code of a country in two capital letters, such as IN",
    r"counts pages: leave pageSize and pageToken out, or page and limit",
    r"must be a day of 2000 to 2099, such as 2027-03-28",
    r"is one day: leave dateFrom and dateTo out, or send them alone",
    r"must not be before dateFrom",
    r"must not be less than minPrice",
    r"can be RELEVANCE only where q is given",
    r"must have (a letter or a digit|8 words at most)",
    r"must (be the number of a booking, or have 3 letters of a word of a name|have 5 words at most)",
    r"must be \d+ at most with this limit: read on by pageToken",
    r"is missing: the event has several shows to come",
    r"must name the show of showSeatIds",
    r"comes twice and differs, in body or headers: send one key",
    r"must be given where showSeatIds is not, and left out where it is",
    r"is missing: the venue has \d+ screens",
    r"is the name of another section or area of this screen",
    r"has \d+ sections, which is the most that a screen has",
    r"(have more seats|is more) than the screen has room for, which is \d+",
    r"must be as many as seatCount says, \d+, or none at all",
    r"is missing: (x and y go together|a companion's seat is next to a wheelchair's)",
    r"must be the number of a wheelchair seat of this row",
    r"must be absent: a wheelchair seat is nobody's companion's",
    r"must be PRETIX where categories are named",
    r"has .*, which is in premiumCategories, too",
    r"is not a show of the organization that is public",
    r"must be https:// and a host's name in small letters, .*",
    r"must be the number of a message: there are \d+ up to now",
    # A file is a text, and what is in it is no part of the schema.
    r"line \d+, column \d+: this is no JSON",
    r"a number of the file cannot be read",
    r"must be an object, in braces",
    r"has a field .*, which there is not; there are .*",
    r"format must be '\S+'",
    r"name is missing",
    r"categories (must be a list|has no .*)",
)
WHOM = ("userId", "organizationId")
NOBODY = "must be a UUID, such as 019aa4c8-5d5c-7b1e-9f6e-3b1f0c2d4e5a"
"""What an admin is told who names no user, or no organization: whose token it is, no schema knows."""


def is_known(violation: Mapping[str, str], body: object) -> bool:
    """Tell whether a field violation, of a request with this body, is of one of these rules."""
    field, description = violation["field"], violation["description"]
    if field in WHOM and description == NOBODY:
        return not (isinstance(body, dict) and body.get(field))
    return any(re.fullmatch(rule, description) for rule in WITHOUT_WORDS)
