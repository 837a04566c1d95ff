"""What identity is told."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from services.chassis.settings import KeyDays, ServiceSettings, SigningSecret, looks_random


class Settings(ServiceSettings):
    """Identity's settings."""

    port: int = Field(50054, ge=1, le=65535, description="the port to listen on")
    signing_key_secret: SigningSecret = Field(
        description="encrypts the keys in the database that sign tokens: base64 of 24 random bytes or more"
    )
    signing_key_days: int = Field(30, ge=1, le=365, description="how often there is a new key to sign with")
    refresh_token_days: int = Field(30, ge=1, le=365, description="how long after a login one has to log in again")
    attempts_per_account: int = Field(10, ge=1, le=1000, description="wrong passwords for an account in 15 minutes")
    attempts_per_address: int = Field(
        100, ge=1, le=1_000_000, description="passwords tried or registered from an address in 15 minutes"
    )
    hash_threads: int = Field(2, ge=1, le=64, description="passwords that are hashed at once; each takes 19 MiB")
    hash_queue: int = Field(64, ge=1, le=10_000, description="passwords that wait for that at most")
    idempotency_key_days: KeyDays = 7

    @property
    def family_life(self) -> timedelta:
        """How long after a login one has to log in again."""
        return timedelta(days=self.refresh_token_days)

    @model_validator(mode="after")
    def _secret_is_random_in_production(self) -> Self:
        if self.environment == "production" and not looks_random(self.signing_key_secret):
            raise ValueError("SIGNING_KEY_SECRET is too weak for production: make it of random bytes")
        return self
