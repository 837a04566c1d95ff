"""What other sites read of the shop's pages."""

from __future__ import annotations

import json
import re
from typing import Any

from boxoffice.inventory.v1.catalog_pb2 import Event, Show, TierPrice
from boxoffice.inventory.v1.images_pb2 import Image
from google.protobuf.timestamp_pb2 import Timestamp

from tests.web.conftest import Visitor
from web.pages import Pages
from web.search_engines import description, structured

SHOP = "https://shop.example"
# 5 December 2026, 14:00 UTC.
EVENING = Timestamp(seconds=1_796_479_200)


def event(**fields: Any) -> Event:
    return Event(id="e", title="A <b>play</b>", category=Event.THEATRE, **fields)


def show(**fields: Any) -> Show:
    told: dict[str, Any] = {"status": Show.ON_SALE, "currency": "IQD", "time_zone": "Asia/Kolkata"} | fields
    return Show(id="s", start_time=EVENING, venue_name="Hall", city="Pune", **told)


def test_an_event_is_told_as_schema_org_has_it() -> None:
    image = Image(medium=Image.Picture(url="/api/v1/images/x"))
    [told] = structured(event(images=[image]), [show(prices=[TierPrice(price=1_500), TierPrice(price=900)])], SHOP)
    assert (told["@type"], told["startDate"]) == ("TheaterEvent", "2026-12-05T19:30:00+05:30")
    assert told["location"]["address"]["addressLocality"] == "Pune"
    assert told["image"] == [f"{SHOP}/api/v1/images/x"]
    offers = told["offers"]
    assert (offers["lowPrice"], offers["highPrice"], offers["priceCurrency"]) == ("0.900", "1.500", "IQD")
    assert offers["availability"] == "https://schema.org/InStock"


def test_what_nobody_can_buy_is_not_offered() -> None:
    prices = [TierPrice(price=900)]
    cancelled, sold_out, to_come = structured(
        event(),
        [
            show(prices=prices, status=Show.CANCELLED),
            show(prices=prices, sold_out=True),
            show(prices=prices, status=Show.ANNOUNCED),
        ],
        SHOP,
    )
    assert "offers" not in cancelled and cancelled["eventStatus"] == "https://schema.org/EventCancelled"
    assert sold_out["offers"]["availability"] == "https://schema.org/SoldOut"
    assert to_come["offers"]["availability"] == "https://schema.org/PreOrder"


def test_no_title_ends_the_script_that_it_is_in() -> None:
    hostile = event(description="</script><script>alert(1)</script>")
    hostile.title = "</script><!--"
    environment = Pages(SHOP, most_seats=6)._environment
    page = environment.from_string("<script>{{ told|tojson }}</script>").render(
        told=structured(hostile, [show()], SHOP)
    )
    assert page.count("<") == 2
    [told] = json.loads(page.removeprefix("<script>").removesuffix("</script>"))
    assert (told["name"], told["description"]) == (hostile.title, hostile.description)


def test_a_long_description_is_cut_at_a_word() -> None:
    text = description(event(description="word \n" * 100))
    assert len(text) <= 300 and text.endswith("word…") and "\n" not in text
    assert description(event(description="Short.")) == "Short."
    assert description(event(description=500 * "字")) == 299 * "字" + "…"


def test_pages_of_everybody_are_found_and_those_of_one_are_not(visitor: Visitor) -> None:
    link = re.findall(r'<a href="(/events/[0-9a-f-]{36})"', visitor.get("/events?sort=DATE"))[0]
    page = visitor.get(link)
    [told] = re.findall(r'<script type="application/ld\+json">(.+?)</script>', page)
    first = json.loads(told)[0]
    assert first["url"].endswith(link) and f'<link rel="canonical" href="{first["url"]}">' in page
    assert f'property="og:url" content="{first["url"]}"' in page and "noindex" not in page
    for path in ("/", "/events"):
        assert "noindex" not in visitor.get(path) and 'rel="canonical"' in visitor.get(path)
    assert "noindex, follow" in visitor.get("/events?city=Pune")
    visitor.register()
    for path in ("/login", "/profile", "/my-bookings", "/notices", "/check-in"):
        assert '<meta name="robots" content="noindex">' in visitor.get(path), path
    robots = visitor.get("/robots.txt")
    assert "Disallow: /my-bookings\n" in robots and "Disallow: /transfers\n" in robots
    assert visitor.http.get("/favicon.ico").headers["location"] == "/assets/icon.svg"
