"""What search engines and other sites are told of the shop's pages: events as schema.org has them, and robots.txt."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aiohttp import web
from boxoffice.inventory.v1 import catalog_pb2

from services.chassis.values.currencies import DIGITS
from web.languages import local
from web.visits import VISIT, Visit

LONGEST_TEXT = 300
MOST_SHOWS = 20

PRIVATE = (
    "/admin",
    "/booking/",
    "/check-in",
    "/language/",
    "/my-bookings",
    "/notices",
    "/organizer",
    "/payment/",
    "/profile",
    "/transfers",
)
"""What is of no use to others: paths that robots are asked to leave alone."""

_KINDS = {
    catalog_pb2.Event.MOVIE: "ScreeningEvent",
    catalog_pb2.Event.CONCERT: "MusicEvent",
    catalog_pb2.Event.THEATRE: "TheaterEvent",
    catalog_pb2.Event.SPORT: "SportsEvent",
    catalog_pb2.Event.COMEDY: "ComedyEvent",
}
_STATUS = {catalog_pb2.Show.CANCELLED: "https://schema.org/EventCancelled"}
_OFFERED = (catalog_pb2.Show.ON_SALE, catalog_pb2.Show.ANNOUNCED)

routes = web.RouteTableDef()


@routes.get("/robots.txt")
async def robots(request: web.Request) -> web.StreamResponse:
    """Say which pages robots may read."""
    visit: Visit = request[VISIT]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), f"# The shop: {visit.public_url}/"]
    return web.Response(text="\n".join(lines) + "\n", headers={"cache-control": "public, max-age=3600"})


@routes.get("/favicon.ico")
async def favicon(request: web.Request) -> web.StreamResponse:
    """Lead browsers that look for the icon by its old name to it."""
    raise web.HTTPMovedPermanently("/assets/icon.svg")


def description(event: catalog_pb2.Event) -> str:
    """Return what an event is about in a line: the beginning of its description, cut at a word where it has any."""
    text = " ".join(event.description.split())
    if len(text) <= LONGEST_TEXT:
        return text
    beginning = text[: LONGEST_TEXT - 1]
    return (beginning.rpartition(" ")[0] or beginning) + "…"


def structured(event: catalog_pb2.Event, shows: Iterable[catalog_pb2.Show], public_url: str) -> list[dict[str, Any]]:
    """Return an event as schema.org's Event, one for each of its shows (https://schema.org/Event)."""
    return [_show(event, show, public_url) for show in list(shows)[:MOST_SHOWS]]


def _show(event: catalog_pb2.Event, show: catalog_pb2.Show, public_url: str) -> dict[str, Any]:
    url = f"{public_url}/events/{event.id}"
    said: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": _KINDS.get(event.category, "Event"),
        "name": event.title,
        "url": url,
        "startDate": local(show.start_time, show.time_zone).isoformat(),
        "eventStatus": _STATUS.get(show.status, "https://schema.org/EventScheduled"),
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {
            "@type": "Place",
            "name": show.venue_name,
            "address": {"@type": "PostalAddress", "addressLocality": show.city},
        },
    }
    if show.HasField("end_time"):
        said["endDate"] = local(show.end_time, show.time_zone).isoformat()
    if text := description(event):
        said["description"] = text
    if event.language:
        said["inLanguage"] = event.language
    if event.images:
        said["image"] = [f"{public_url}{image.medium.url}" for image in event.images]
    if event.review_count:
        said["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": str(Decimal(event.average_hundredths) / 100),
            "reviewCount": event.review_count,
        }
    if show.prices and show.status in _OFFERED:
        said["offers"] = _offers(show, f"{public_url}/booking/{event.id}?showId={show.id}")
    return said


def _offers(show: catalog_pb2.Show, url: str) -> dict[str, Any]:
    prices = [Decimal(each.price).scaleb(-DIGITS.get(show.currency, 2)) for each in show.prices]
    offers = {
        "@type": "AggregateOffer",
        "url": url,
        "lowPrice": str(min(prices)),
        "highPrice": str(max(prices)),
        "priceCurrency": show.currency,
        "availability": f"https://schema.org/{_availability(show)}",
    }
    if show.HasField("sales_start_at"):
        offers["validFrom"] = local(show.sales_start_at, show.time_zone).isoformat()
    return offers


def _availability(show: catalog_pb2.Show) -> str:
    if show.sold_out:
        return "SoldOut"
    return "PreOrder" if show.status == catalog_pb2.Show.ANNOUNCED else "InStock"
