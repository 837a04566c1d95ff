"""Settings of identity, from the environment."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from services.chassis.process.settings import KeyDays, ServiceSettings, SigningSecret, looks_random
from services.identity.attempts.domain import Allowance, Limits

OptionalCount = Annotated[
    Annotated[int, Field(ge=0, le=10)] | None, BeforeValidator(lambda given: None if given == "" else given)
]
"""Set to nothing is not set."""


class Settings(ServiceSettings):
    """Identity's settings."""

    port: int = Field(16054, ge=1, le=65535, description="the port to listen on")
    inventory_address: str = Field("127.0.0.1:16051", description="address of inventory, host:port")
    booking_address: str = Field("127.0.0.1:16052", description="address of booking, host:port")
    payment_address: str = Field("127.0.0.1:16053", description="address of payment, host:port")
    notifications_address: str = Field("127.0.0.1:16056", description="address of notifications, host:port")
    signing_key_secret: SigningSecret = Field(
        description="encrypts the keys in the database that sign tokens: base64 of 24 random bytes or more"
    )
    signing_key_days: int = Field(30, ge=1, le=365, description="days until identity signs with a new key")
    refresh_token_days: int = Field(
        30, ge=1, le=365, description="days after a login until the user has to log in again"
    )
    attempts_per_account_and_address: int = Field(
        10, ge=1, le=1000, description="wrong passwords for an account from one address in 15 minutes"
    )
    attempts_per_account: int = Field(
        30, ge=1, le=1000, description="wrong passwords for an account from all addresses new to it in 15 minutes"
    )
    attempts_per_address: int = Field(
        100, ge=1, le=1_000_000, description="wrong passwords from an address for all accounts in 15 minutes"
    )
    registrations_per_address: int = Field(
        300, ge=1, le=1_000_000, description="new accounts from an address in 15 minutes"
    )
    trusted_proxies: OptionalCount = Field(
        None, description="number of your own proxies before the gateway, the same as the gateway's; 0: none"
    )
    hash_threads: int = Field(2, ge=1, le=64, description="passwords hashed at once; each takes 19 MiB")
    hash_queue: int = Field(128, ge=1, le=10_000, description="most passwords waiting to be hashed")
    idempotency_key_days: KeyDays = 7

    @property
    def family_life(self) -> timedelta:
        """How long after a login one has to log in again."""
        return timedelta(days=self.refresh_token_days)

    @property
    def limits(self) -> Limits:
        """What may be tried."""
        return Limits(
            per_account_and_address=Allowance(self.attempts_per_account_and_address),
            per_account=Allowance(self.attempts_per_account),
            per_address=Allowance(self.attempts_per_address),
            registrations=Allowance(self.registrations_per_address),
        )

    @model_validator(mode="after")
    def _proxies_are_known_in_production(self) -> Self:
        # Behind a proxy that nobody told of, all people have one address: wrong passwords would lock all of them out.
        if self.environment == "production" and self.trusted_proxies is None:
            raise ValueError(
                "TRUSTED_PROXIES is not set, which production takes: set it to how many proxies of your own stand "
                "before the gateway, 0 if there is none, for identity and the gateway alike"
            )
        return self

    @model_validator(mode="after")
    def _secret_is_random_in_production(self) -> Self:
        if self.environment == "production" and not looks_random(self.signing_key_secret):
            raise ValueError("SIGNING_KEY_SECRET is too weak for production: make it of random bytes")
        return self
