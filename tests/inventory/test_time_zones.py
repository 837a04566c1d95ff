"""Venues have time zones, and lists go by the days of their clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.inventory.catalogue.zones import Period, in_zones, zone_of
from tests.inventory.catalogue_client import REGULAR, Catalogue, invalid_fields, section, stamp

SMALL = [section("Stalls", ("A", 1, REGULAR))]

CHANGES = [
    ("Europe/London", date(2027, 3, 28), 23),
    ("Europe/London", date(2027, 10, 31), 25),
    ("America/New_York", date(2027, 3, 14), 23),
    ("America/New_York", date(2027, 11, 7), 25),
    ("Asia/Kolkata", date(2027, 3, 28), 24),
    # Its clocks go forward at midnight: the day begins at one o'clock.
    ("Asia/Beirut", date(2027, 3, 28), 23),
    ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
]


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("Pune", "Asia/Kolkata"),
        ("BOMBAY", "Asia/Kolkata"),
        ("मुंबई", "Asia/Kolkata"),
        ("London", "Europe/London"),
        ("New York", "America/New_York"),
        ("Zurich", "Europe/Zurich"),
        ("Nowhere-on-Sea", "UTC"),
    ],
)
def test_a_city_has_a_zone(city: str, zone: str) -> None:
    assert zone_of(city) == zone


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: date, hours: float) -> None:
    [begin], [end] = in_zones(Period(day, day), [zone])["begins"], in_zones(Period(day, day), [zone])["ends"]
    assert (end - begin).total_seconds() / 3600 == hours
    local = [instant.astimezone(ZoneInfo(zone)).date() for instant in (begin - timedelta(seconds=1), begin)]
    assert local == [day - timedelta(days=1), day]


def test_days_follow_each_other_without_a_gap_in_every_zone() -> None:
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(366)]
    zones = ["Africa/Casablanca", "America/Havana", "America/Santiago", "Asia/Beirut", "Asia/Gaza", "Pacific/Apia", ""]
    for before, after in pairwise(days):
        assert in_zones(Period(before, before), zones)["ends"] == in_zones(Period(after, after), zones)["begins"]


async def test_a_venue_has_the_zone_of_its_city_unless_it_says_another(catalogue: Catalogue) -> None:
    async def made(city: str, zone: str = "") -> pb.Venue:
        venue: pb.Venue = await catalogue.rpc.CreateVenue(
            pb.CreateVenueRequest(name="Regal", city=city, time_zone=zone)
        )
        return venue

    assert (await made("Pune")).time_zone == "Asia/Kolkata"
    assert (await made("Pune", "Europe/London")).time_zone == "Europe/London"
    venue = await made("Nowhere-on-Sea")
    assert venue.time_zone == "UTC"

    async def edited(**changes: str) -> str:
        answer = await catalogue.rpc.UpdateVenue(pb.UpdateVenueRequest(venue_id=venue.id, **changes))
        return str(answer.time_zone)

    assert await edited(city="London") == "Europe/London"
    assert await edited(city="Nowhere-on-Sea") == "Europe/London"
    assert await edited(name="Royal") == "Europe/London"
    assert await edited(city="Pune", time_zone="America/New_York") == "America/New_York"
    assert await edited(time_zone="") == "Asia/Kolkata"


@pytest.mark.parametrize(("zone", "day"), [(zone, day) for zone, day, hours in CHANGES if hours in (23, 25)])
async def test_lists_have_what_starts_on_a_day_of_the_venues_clocks(catalogue: Catalogue, zone: str, day: date) -> None:
    venue = await catalogue.rpc.CreateVenue(pb.CreateVenueRequest(name="Regal", city="Pune", time_zone=zone))
    screen = await catalogue.screen(venue, SMALL)
    begin = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    expected: list[str] = []
    movies: list[str] = []
    minute = timedelta(minutes=1)
    for starts_at in (begin - minute, begin, begin + timedelta(hours=1, minutes=30), end - minute, end):
        movie = await catalogue.movie(minutes=1)
        show = await catalogue.show(
            movie_id=movie.id, screen_id=screen.id, start_time=stamp(starts_at), prices=[pb.TierPrice(tier=REGULAR)]
        )
        assert show.time_zone == zone
        if begin <= starts_at < end:
            expected.append(show.id)
            movies.insert(0, movie.id)
    # A show of the same instants elsewhere is of another day.
    other = await catalogue.screen(
        await catalogue.rpc.CreateVenue(pb.CreateVenueRequest(name="Far", city="Far", time_zone="Pacific/Kiritimati")),
        SMALL,
    )
    elsewhere = await catalogue.show(
        screen_id=other.id, start_time=stamp(end - minute), prices=[pb.TierPrice(tier=REGULAR)]
    )

    text = day.isoformat()
    listed = await catalogue.rpc.ListShows(pb.ListShowsRequest(date=text))
    assert [show.id for show in listed.shows] == expected
    assert [one.id for one in (await catalogue.rpc.ListMovies(pb.ListMoviesRequest(date=text))).movies] == movies
    assert [one.id for one in (await catalogue.rpc.ListEvents(pb.ListEventsRequest(date=text))).events] == movies
    after = (day + timedelta(days=1)).isoformat()
    assert elsewhere.id in [show.id for show in (await catalogue.rpc.ListShows(pb.ListShowsRequest(date=after))).shows]


async def test_a_date_is_a_day_of_the_calendar(catalogue: Catalogue) -> None:
    for method, request in (
        (catalogue.rpc.ListShows, pb.ListShowsRequest),
        (catalogue.rpc.ListMovies, pb.ListMoviesRequest),
        (catalogue.rpc.ListEvents, pb.ListEventsRequest),
    ):
        for wrong in ("2027-02-29", "2027-13-01", "1999-12-31", "2100-01-01", "0000-00-00", "tomorrow", "2027-3-1"):
            assert set(await invalid_fields(method(request(date=wrong)))) == {"date"}, wrong
        await method(request(date="2027-02-28"))


async def test_venues_from_before_are_of_utc(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    await catalogue.db.execute("UPDATE venues SET time_zone = ''")
    assert (await catalogue.rpc.GetVenue(pb.GetVenueRequest(venue_id=show.venue_id))).time_zone == "UTC"
    assert (await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id))).time_zone == "UTC"
    day = show.start_time.ToDatetime(UTC).date().isoformat()
    assert [one.id for one in (await catalogue.rpc.ListShows(pb.ListShowsRequest(date=day))).shows] == [show.id]
