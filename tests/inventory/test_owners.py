"""Whose an event, a venue or a show is."""

from uuid import uuid4

from boxoffice.inventory.v1 import catalog_pb2 as pb

from tests.inventory.catalogue_client import Catalogue, invalid_fields
from tests.inventory.test_catalogue_events import EVENT

OURS = str(uuid4())


async def test_what_is_made_for_an_organization_is_shown_as_its_own(catalogue: Catalogue) -> None:
    rpc = catalogue.rpc
    event = await rpc.CreateEvent(pb.CreateEventRequest(**EVENT, organization_id=OURS))
    assert event.organization_id == OURS
    assert (await rpc.GetEvent(pb.GetEventRequest(event_id=event.id))).organization_id == OURS
    assert (await rpc.GetMovie(pb.GetMovieRequest(movie_id=event.id))).organization_id == OURS
    movie = pb.CreateMovieRequest(title="Low Tide", duration_minutes=90, organization_id=OURS)
    assert (await rpc.CreateMovie(movie)).organization_id == OURS

    venue = await rpc.CreateVenue(pb.CreateVenueRequest(name="Regal", city="Pune", organization_id=OURS))
    assert venue.organization_id == OURS
    assert (await rpc.GetVenue(pb.GetVenueRequest(venue_id=venue.id))).organization_id == OURS

    show = await catalogue.show(organization_id=OURS)
    assert show.organization_id == OURS
    assert (await rpc.GetShow(pb.GetShowRequest(show_id=show.id))).organization_id == OURS
    assert [listed.organization_id for listed in (await rpc.ListShows(pb.ListShowsRequest())).shows] == [OURS]


async def test_what_names_no_organization_is_boxoffices_own(catalogue: Catalogue) -> None:
    assert (await catalogue.event()).organization_id == ""
    assert (await catalogue.venue()).organization_id == ""
    assert (await catalogue.show()).organization_id == ""


async def test_an_organization_is_named_by_a_uuid(catalogue: Catalogue) -> None:
    fields = await invalid_fields(catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT, organization_id="mine")))
    assert set(fields) == {"organizationId"}
