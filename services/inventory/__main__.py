"""Inventory: `python -m services.inventory [serve|migrate]`."""

from datetime import timedelta
from pathlib import Path

import grpc
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from boxoffice.inventory.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    images_pb2,
    images_pb2_grpc,
    inventory_pb2,
    inventory_pb2_grpc,
    reviews_pb2,
    reviews_pb2_grpc,
)

from services.chassis.process import cli
from services.chassis.process.readiness import Readiness
from services.chassis.process.server import make_server, serve
from services.chassis.store.database import BACKGROUND_CONNECTIONS, Database, Pools
from services.chassis.writes import jobs, measures, topics
from services.chassis.writes.desk import WAITING_LANES
from services.inventory.catalogue import owners
from services.inventory.catalogue.rpc import CatalogServicer
from services.inventory.finding.index import index_what_lacks
from services.inventory.finding.search import PATIENCE, SEARCHES
from services.inventory.images.checking import check_files
from services.inventory.images.collecting import collect_files
from services.inventory.images.rpc import ImageServicer
from services.inventory.images.store import Folder
from services.inventory.images.workshop import Workshop
from services.inventory.jobs import (
    clear_cancelled_shows,
    complete_events,
    forget_access_code_tries,
    forget_changes,
    forget_keys,
    forget_markers,
    forget_unbooked_holds,
    tidy_holds,
)
from services.inventory.measures import MEASURES
from services.inventory.reviews.rpc import ReviewServicer
from services.inventory.rpc import InventoryServicer
from services.inventory.seats.domain import SeatRules
from services.inventory.seats.operation import ChangeSeats, SeatDesk
from services.inventory.settings import Settings
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import CONNECTIONS as WATCHING_CONNECTIONS
from services.inventory.viewing.watching import Watching

SERVICES = [
    catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"].full_name,
    inventory_pb2.DESCRIPTOR.services_by_name["InventoryService"].full_name,
    reviews_pb2.DESCRIPTOR.services_by_name["ReviewService"].full_name,
    images_pb2.DESCRIPTOR.services_by_name["ImageService"].full_name,
]


def rules_of(settings: Settings) -> SeatRules:
    """Return the rules of selling seats."""
    return SeatRules(
        max_seats_per_user=settings.max_seats_per_user,
        hold=timedelta(minutes=settings.seat_hold_minutes),
        hold_max=timedelta(minutes=max(settings.seat_hold_minutes, settings.seat_hold_max_minutes)),
        hold_budget_minutes=settings.hold_budget_minutes,
        hold_window=timedelta(hours=settings.hold_budget_hours),
        reservation_max=timedelta(minutes=settings.reservation_max_minutes),
    )


def _add_what_organizers_and_visitors_say(
    settings: Settings, pools: Pools, ticks: AsyncIOScheduler, server: grpc.aio.Server
) -> None:
    """Have images and reviews served, and files collected that no image has."""
    store = Folder(settings.images_folder)
    jobs.add(ticks, "collect-images", lambda: collect_files(pools.background, store), jobs.every(minutes=10))
    jobs.add(ticks, "check-images", lambda: check_files(pools.background, store), jobs.every(hours=1))
    images_pb2_grpc.add_ImageServiceServicer_to_server(ImageServicer(pools.calls, store, Workshop()), server)
    reviews_pb2_grpc.add_ReviewServiceServicer_to_server(ReviewServicer(pools.calls), server)


def _add_jobs(settings: Settings, background: Database, desk: SeatDesk, ticks: AsyncIOScheduler) -> None:
    """Have done what goes on by itself, and forgotten what is old."""
    jobs.add(ticks, "tidy-holds", lambda: tidy_holds(background, desk), jobs.every(minutes=5))
    jobs.add(ticks, "clear-cancelled-shows", lambda: clear_cancelled_shows(background, desk), jobs.every(seconds=2))
    jobs.add(ticks, "complete-events", lambda: complete_events(background), jobs.every(minutes=15))
    jobs.add(ticks, "index-events", lambda: index_what_lacks(background), jobs.every(minutes=1))
    retention = settings.change_retention_minutes
    jobs.add(ticks, "forget-changes", lambda: forget_changes(background, retention), jobs.every(minutes=5))
    window = settings.hold_budget_hours
    jobs.add(ticks, "forget-unbooked-holds", lambda: forget_unbooked_holds(background, window), jobs.every(hours=1))
    jobs.add(ticks, "forget-access-code-tries", lambda: forget_access_code_tries(background), jobs.every(hours=1))
    key_days = settings.idempotency_key_days
    jobs.add(ticks, "forget-keys", lambda: forget_keys(background, key_days), jobs.every(hours=1))
    event_days = settings.event_retention_days
    jobs.add(ticks, "forget-events", lambda: topics.forget(background, event_days), jobs.every(hours=1))
    jobs.add(ticks, "sweep-markers", lambda: forget_markers(background), jobs.every(minutes=5))


async def run(settings: Settings) -> None:
    """Wire inventory together and serve."""
    url = settings.database_url.get_secret_value()
    # The desk's connections are not those of calls, so that looking at seats never keeps anybody from settling.
    own = settings.seat_lanes + WAITING_LANES + WATCHING_CONNECTIONS + BACKGROUND_CONNECTIONS
    pools = await Pools.open(
        url, calls=settings.database_pool_size, background=own, name="inventory", plans=settings.plan_cache_mode
    )
    db, background = pools.calls, pools.background
    searches = Database(url, pool_size=SEARCHES, name="inventory-searches", patience=PATIENCE)
    await searches.open()
    desk = SeatDesk(
        ChangeSeats(background, rules_of(settings)),
        name="seats",
        lanes=settings.seat_lanes,
        max_keys=settings.shows_per_transaction,
    )

    ticks = jobs.scheduler()
    _add_jobs(settings, background, desk, ticks)
    measures.add(ticks, background, MEASURES)

    availability = Availability(db)
    watching = Watching(background, availability, heartbeat_seconds=settings.heartbeat_seconds)
    server = make_server(settings, max_streams=settings.max_streams, things=owners.things(db), takes_files=True)
    notice = timedelta(minutes=settings.reschedule_notice_minutes)
    catalogue = CatalogServicer(
        db, searches, desk, max_seats_per_user=settings.max_seats_per_user, reschedule_notice=notice
    )
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalogue, server)
    servicer = InventoryServicer(db, desk, availability, watching, max_seats_per_user=settings.max_seats_per_user)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(servicer, server)
    _add_what_organizers_and_visitors_say(settings, pools, ticks, server)
    await serve(
        settings,
        server,
        SERVICES,
        background=[watching.run(), topics.run_sequencer(background)],
        ticks=ticks,
        ready=Readiness(url),
        ending=[watching.end],
        closing=[desk.close, searches.close, pools.close],
    )


if __name__ == "__main__":
    cli.main("inventory", __doc__, Settings, run, Path(__file__).parent / "migrations")
