"""Events are completed once their last show is over."""

from datetime import timedelta

from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.inventory import jobs
from tests.databases import move_clock
from tests.inventory.catalogue_client import NOON, Catalogue, stamp

MINUTES = 90


async def status(catalogue: Catalogue, movie: pb.Movie) -> str:
    found = await catalogue.rpc.GetMovie(pb.GetMovieRequest(movie_id=movie.id))
    return pb.Event.Status.Name(found.status)


async def test_an_event_is_completed_when_its_last_show_is_over_and_not_before(catalogue: Catalogue) -> None:
    movie, without_shows = await catalogue.movie(minutes=MINUTES), await catalogue.movie()
    for days in (0, 1):
        await catalogue.show(movie_id=movie.id, start_time=stamp(NOON + timedelta(days=days)))
    [row] = await catalogue.db.fetch("SELECT max(ends_at) - boxoffice_clock() AS left FROM shows")
    await move_clock(catalogue.db, f"{(row.left - timedelta(minutes=1)).total_seconds()} seconds")
    assert await jobs.complete_events(catalogue.db) == 0
    await move_clock(catalogue.db, f"{(row.left + timedelta(minutes=1)).total_seconds()} seconds")
    assert [await jobs.complete_events(catalogue.db), await jobs.complete_events(catalogue.db)] == [1, 0]
    assert [await status(catalogue, each) for each in (movie, without_shows)] == ["COMPLETED", "PUBLISHED"]


async def test_events_are_completed_in_batches(catalogue: Catalogue) -> None:
    for days in range(3):
        await catalogue.show(start_time=stamp(NOON + timedelta(days=days)))
    await move_clock(catalogue.db, "60 days")
    assert [await jobs.complete_events(catalogue.db, limit=2) for _ in range(3)] == [2, 1, 0]


async def test_drafts_and_what_is_off_are_not_completed(catalogue: Catalogue) -> None:
    for word in ("DRAFT", "CANCELLED"):
        show = await catalogue.show(start_time=stamp(NOON))
        await catalogue.db.execute("UPDATE events SET status = %s WHERE id = %s", (word, show.event_id))
    await move_clock(catalogue.db, "60 days")
    assert await jobs.complete_events(catalogue.db) == 0


async def test_an_event_that_just_gets_a_show_is_left_alone(catalogue: Catalogue) -> None:
    show = await catalogue.show(start_time=stamp(NOON))
    await move_clock(catalogue.db, "60 days")
    async with catalogue.db.transaction() as tx:
        await tx.fetch("SELECT FROM events WHERE id = %s FOR NO KEY UPDATE", (show.event_id,))
        assert await jobs.complete_events(catalogue.db) == 0
    assert await jobs.complete_events(catalogue.db) == 1
