"""Settings of inventory, from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from services.chassis.process.settings import EventDays, KeyDays, ServiceSettings
from services.chassis.writes.desk import LANES


class Settings(ServiceSettings):
    """Inventory's settings."""

    port: int = Field(16051, ge=1, le=65535, description="the port to listen on")
    seat_hold_minutes: int = Field(5, ge=1, le=60, description="minutes for which a hold lasts")
    seat_hold_max_minutes: int = Field(
        15,
        ge=1,
        le=120,
        description="longest duration of a hold with its extensions; SEAT_HOLD_MINUTES where that is more",
    )
    hold_budget_minutes: int = Field(
        240, ge=1, le=100_000, description="minutes of seats that a user may hold of a show and not book, in a window"
    )
    hold_budget_hours: int = Field(6, ge=1, le=168, description="length of such a window")
    max_seats_per_user: int = Field(6, ge=1, le=100, description="most seats of one show for one user")
    reservation_max_minutes: int = Field(
        30, ge=1, le=120, description="longest duration of a reservation with its extensions"
    )
    shows_per_transaction: int = Field(
        64, ge=1, le=256, description="most shows that one transaction locks; 1 on Citus"
    )
    seat_lanes: int = Field(
        LANES, ge=1, le=64, description="transactions on seats at once; more where each locks one show, as on Citus"
    )
    plan_cache_mode: Literal["force_generic_plan", "force_custom_plan"] = Field(
        "force_generic_plan",
        description="how PostgreSQL plans the statements; force_custom_plan on Citus, which sends each by its values",
    )
    change_retention_minutes: int = Field(60, ge=1, le=10080, description="minutes for which changes of seats are kept")
    reschedule_notice_minutes: int = Field(
        60, ge=1, le=10_080, description="minutes before its start, old or new, from which a show is not rescheduled"
    )
    images_folder: Path = Field(
        Path("data/images"), description="folder for the files of images, which all replicas share"
    )
    max_streams: int = Field(2_000, ge=0, le=100_000, description="most watchers of seats for each process")
    heartbeat_seconds: float = Field(
        15, ge=0.05, le=30, description="longest silence of a stream: then its watcher gets an empty message"
    )
    idempotency_key_days: KeyDays = 7
    event_retention_days: EventDays = 30
