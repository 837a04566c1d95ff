"""Settings of booking, from the environment."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from services.booking.refunds.domain import RefundPolicy
from services.chassis.process.settings import EventDays, KeyDays, ServiceSettings, SigningSecret, looks_random


class Settings(ServiceSettings):
    """Booking's settings."""

    port: int = Field(16052, ge=1, le=65535, description="the port to listen on")
    inventory_address: str = Field("127.0.0.1:16051", description="address of inventory, host:port")
    payment_address: str = Field("127.0.0.1:16053", description="address of payment, host:port")
    booking_expiry_minutes: int = Field(15, ge=3, le=30, description="minutes to pay for a booking")
    decline_extension_minutes: int = Field(
        5, ge=1, le=30, description="minutes that a booking gets more after a declined payment"
    )
    refund_steps: Annotated[str, NoDecode] = Field(
        "24:100,2:50", description="hours before the show:per cent that is refunded; after the last step, nothing"
    )
    reschedule_refund_hours: int = Field(
        168, ge=0, le=8_760, description="hours for which all comes back on request after a show was rescheduled"
    )
    free_bookings_per_day: int = Field(
        0, ge=0, le=1_000, description="how many free bookings a user may make in a day, by UTC; 0: any number"
    )
    free_bookings_need_verified_email: bool = Field(
        False, description="whether only users whose e-mail address is verified make free bookings"
    )
    guest_name_days: int = Field(
        30, ge=1, le=3_650, description="days after the start of a show until the names of its guests are forgotten"
    )
    export_retention_days: int = Field(
        365, ge=30, le=3_650, description="days for which it is kept who has had bookings as a file"
    )
    ticket_key_secret: SigningSecret = Field(
        description="encrypts the keys in the database that sign codes of tickets: base64 of 24 random bytes or more"
    )
    ticket_key_days: int = Field(
        90, ge=1, le=365, description="days until a new key signs codes of tickets; the old ones stay published"
    )
    ticket_offer_hours: int = Field(
        48, ge=1, le=720, description="hours for which a ticket that is offered to somebody may be accepted"
    )
    check_in_opens_minutes: int = Field(
        180, ge=0, le=100_000, description="minutes before the start of a show from which on its tickets let in"
    )
    door_list_minutes: int = Field(
        60, ge=1, le=1_440, description="minutes for which a gate without a connection goes by a door list"
    )
    max_streams: int = Field(2_000, ge=0, le=100_000, description="how many may watch and wait for bookings at once")
    heartbeat_seconds: float = Field(
        15, ge=0.05, le=30, description="after how long those who watch are told that nothing happened"
    )
    idempotency_key_days: KeyDays = 7
    event_retention_days: EventDays = 30

    @property
    def ticket_key_life(self) -> timedelta:
        """How long a key signs codes of tickets."""
        return timedelta(days=self.ticket_key_days)

    @property
    def ticket_offer_life(self) -> timedelta:
        """How long a ticket that is offered may be accepted, at most."""
        return timedelta(hours=self.ticket_offer_hours)

    @property
    def check_in_opens(self) -> timedelta:
        """How long before a show its tickets let in."""
        return timedelta(minutes=self.check_in_opens_minutes)

    @property
    def door_list_good_for(self) -> timedelta:
        """How long a door list is good."""
        return timedelta(minutes=self.door_list_minutes)

    @model_validator(mode="after")
    def _secret_is_random_in_production(self) -> Self:
        if self.environment == "production" and not looks_random(self.ticket_key_secret):
            raise ValueError("TICKET_KEY_SECRET is too weak for production: make it of random bytes")
        return self

    @field_validator("refund_steps")
    @classmethod
    def _check_refund_steps(cls, text: str) -> str:
        RefundPolicy.parse(text)
        return text

    @property
    def refund_policy(self) -> RefundPolicy:
        """How much comes back, and until when."""
        return RefundPolicy.parse(self.refund_steps)
