"""Whose an event, a venue or a show is."""

from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.errors import Failure
from services.chassis.wire.owners import Shared
from services.inventory.catalogue import owners
from tests.inventory.catalogue_client import Catalogue, invalid_fields, refusal
from tests.inventory.test_catalogue_events import EVENT, NOBODYS_ID

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


async def test_who_may_make_shows_is_said_by_the_last_request(catalogue: Catalogue) -> None:
    rpc, other = catalogue.rpc, str(uuid4())
    event = await rpc.CreateEvent(pb.CreateEventRequest(**EVENT, organization_id=OURS))
    venue = await rpc.CreateVenue(pb.CreateVenueRequest(name="Regal", city="Pune", organization_id=OURS))
    screen = await catalogue.screen(venue)
    things = owners.things(catalogue.db)
    named = (("event_id", event.id), ("movie_id", event.id), ("venue_id", venue.id), ("screen_id", screen.id))

    async def seen(expected: frozenset[UUID] | None) -> None:
        for field, id_ in named:
            assert await things[field].owner(UUID(id_)) == UUID(OURS)
            assert await things[field].shared(UUID(id_)) == Shared(UUID(OURS), expected), field

    await seen(frozenset())
    for audience, others, expected in (
        (pb.Sharing.ORGANIZATIONS, [other, OURS], frozenset(map(UUID, (other, OURS)))),
        (pb.Sharing.EVERYBODY, [], None),
        (pb.Sharing.NOBODY, [], frozenset()),
    ):
        given = {"audience": audience, "organization_ids": others}
        for answer in (
            await rpc.ShareEvent(pb.ShareEventRequest(event_id=event.id, **given)),
            await rpc.ShareVenue(pb.ShareVenueRequest(venue_id=venue.id, **given)),
        ):
            assert (answer.audience, sorted(answer.organization_ids)) == (audience, sorted(others))
        for read in (
            await rpc.GetEventSharing(pb.GetEventSharingRequest(event_id=event.id)),
            await rpc.GetVenueSharing(pb.GetVenueSharingRequest(venue_id=venue.id)),
        ):
            assert (read.audience, sorted(read.organization_ids)) == (audience, sorted(others))
        await seen(expected)


async def test_what_is_boxoffices_own_is_everybodys(catalogue: Catalogue) -> None:
    things, show = owners.things(catalogue.db), await catalogue.show()
    for field, id_ in (("event_id", show.event_id), ("venue_id", show.venue_id), ("screen_id", show.screen_id)):
        assert await things[field].shared(UUID(id_)) == Shared(None, None)
    assert await things["show_id"].owner(UUID(show.id)) is None


async def test_sharing_names_organizations_where_it_is_with_those_and_only_there(catalogue: Catalogue) -> None:
    event = await catalogue.event()
    for audience, others in (
        (pb.Sharing.ORGANIZATIONS, []),
        (pb.Sharing.EVERYBODY, [OURS]),
        (pb.Sharing.NOBODY, [OURS]),
    ):
        request = pb.ShareEventRequest(event_id=event.id, audience=audience, organization_ids=others)
        assert set(await invalid_fields(catalogue.rpc.ShareEvent(request))) == {"organizationIds"}
    for method, absent, reason in (
        ("ShareEvent", pb.ShareEventRequest(event_id=NOBODYS_ID, audience=pb.Sharing.NOBODY), "EVENT_NOT_FOUND"),
        ("ShareVenue", pb.ShareVenueRequest(venue_id=NOBODYS_ID, audience=pb.Sharing.NOBODY), "VENUE_NOT_FOUND"),
        ("GetEventSharing", pb.GetEventSharingRequest(event_id=NOBODYS_ID), "EVENT_NOT_FOUND"),
        ("GetVenueSharing", pb.GetVenueSharingRequest(venue_id=NOBODYS_ID), "VENUE_NOT_FOUND"),
    ):
        assert (await refusal(getattr(catalogue.rpc, method)(absent))).reason == reason


async def test_what_is_not_there_is_not_found_and_a_draft_is_hidden(catalogue: Catalogue) -> None:
    things = owners.things(catalogue.db)
    for field in things:
        with pytest.raises(Failure) as refused:
            await things[field].owner(UUID(NOBODYS_ID))
        assert refused.value.reason == f"{field.removesuffix('_id').upper()}_NOT_FOUND"
    draft = await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT | {"status": "DRAFT"}, organization_id=OURS))
    public = await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT | {"status": "PUBLISHED"}))
    hidden = await things["event_id"].hidden(UUID(draft.id))
    assert hidden is not None and hidden.reason == "EVENT_NOT_FOUND"
    assert await things["event_id"].hidden(UUID(public.id)) is None
    shown = await catalogue.show()
    assert await things["show_id"].hidden(UUID(shown.id)) is None
    unseen = await catalogue.show(event_id=draft.id)
    hidden = await things["show_id"].hidden(UUID(unseen.id))
    assert hidden is not None and hidden.reason == "SHOW_NOT_FOUND"


async def test_the_owner_of_a_show_or_an_event_is_told_of_drafts_too(catalogue: Catalogue) -> None:
    draft = await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT | {"status": "DRAFT"}, organization_id=OURS))
    unseen, own = await catalogue.show(event_id=draft.id, organization_id=OURS), await catalogue.show()
    for request, owner in (
        (pb.GetOwnerRequest(event_id=draft.id), OURS),
        (pb.GetOwnerRequest(show_id=unseen.id), OURS),
        (pb.GetOwnerRequest(show_id=own.id), ""),
        (pb.GetOwnerRequest(event_id=own.event_id), ""),
    ):
        assert (await catalogue.rpc.GetOwner(request)).organization_id == owner
    assert (await refusal(catalogue.rpc.GetOwner(pb.GetOwnerRequest(show_id=NOBODYS_ID)))).reason == "SHOW_NOT_FOUND"
    assert (await refusal(catalogue.rpc.GetOwner(pb.GetOwnerRequest(event_id=NOBODYS_ID)))).reason == "EVENT_NOT_FOUND"
    for wrong in (pb.GetOwnerRequest(), pb.GetOwnerRequest(show_id=own.id, event_id=own.event_id)):
        assert set(await invalid_fields(catalogue.rpc.GetOwner(wrong))) == {"showId"}
