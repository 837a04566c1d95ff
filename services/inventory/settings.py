"""What inventory is told."""

from pydantic import Field

from services.chassis.process.settings import EventDays, KeyDays, ServiceSettings


class Settings(ServiceSettings):
    """Inventory's settings."""

    port: int = Field(16051, ge=1, le=65535, description="the port to listen on")
    seat_hold_minutes: int = Field(5, ge=1, le=60, description="how long a hold lives")
    max_seats_per_user: int = Field(6, ge=1, le=100, description="seats of one show that a user may have")
    reservation_max_minutes: int = Field(30, ge=1, le=120, description="how long a reservation may live in all")
    shows_per_transaction: int = Field(64, ge=1, le=256, description="shows locked at once; 1 on Citus")
    change_retention_minutes: int = Field(60, ge=1, le=10080, description="how long changes of seats are kept")
    max_streams: int = Field(2_000, ge=0, le=100_000, description="how many may watch seats at once")
    heartbeat_seconds: float = Field(
        15, ge=0.05, le=30, description="after how long those who watch are told that nothing happened"
    )
    idempotency_key_days: KeyDays = 7
    event_retention_days: EventDays = 30
