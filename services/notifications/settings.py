"""Settings of notifications, from the environment."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from services.chassis.process.settings import ServiceSettings, SigningSecret, looks_random


class Settings(ServiceSettings):
    """Notifications' settings."""

    port: int = Field(16056, ge=1, le=65535, description="the port to listen on")
    inventory_address: str = Field("127.0.0.1:16051", description="address of inventory, host:port")
    booking_address: str = Field("127.0.0.1:16052", description="address of booking, host:port")
    notice_retention_days: int = Field(
        30, ge=1, le=3_650, description="days after which a notice that was read is removed"
    )
    reminder_hours: int = Field(
        24,
        ge=0,
        le=168,
        description="hours before the start of a show at which who has tickets is reminded; 0: nobody is",
    )
    reminders_per_hour: int = Field(
        5, ge=1, le=100, description="how many reminders a user is mailed in an hour at most"
    )
    public_url: str = Field(
        "http://127.0.0.1:8001",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="address at which customers reach Boxoffice",
    )
    smtp_host: str = Field(
        "", pattern=r"^[A-Za-z0-9.:-]*$", description="the mail server; empty: no mails are sent, notices only"
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="the mail server's port")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="how the mail server is spoken to; none: for development only"
    )
    smtp_username: str = Field("", description="who logs in at the mail server; empty: nobody does")
    smtp_password: SecretStr | None = Field(None, min_length=1, description="the password of that user")
    smtp_timeout_seconds: float = Field(30, gt=0, le=60, description="longest time that the mail server may take")
    mail_from: str = Field(
        "tickets@boxoffice.example",
        pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}$",
        description="the address that mails come from",
    )
    mail_from_name: str = Field("Boxoffice", max_length=100, description="the name that mails come from")
    mail_language: Literal["en", "hi"] = Field("en", description="the language of mails to who has chosen none")
    unsubscribe_secret: SigningSecret = Field(
        description="signs links by which reminders are given up: base64 of 24 random bytes or more"
    )
    webhook_key_secret: SigningSecret = Field(
        description="encrypts the secrets of webhook endpoints in the database: base64 of 24 random bytes or more"
    )
    webhook_loopback: bool = Field(
        False, description="whether webhooks may go to this machine, at any port and without TLS; for development only"
    )

    @model_validator(mode="after")
    def _secrets_and_webhooks_are_safe_in_production(self) -> Self:
        if self.environment == "production":
            if not looks_random(self.unsubscribe_secret):
                raise ValueError("UNSUBSCRIBE_SECRET is too weak for production: make it of random bytes")
            if not looks_random(self.webhook_key_secret):
                raise ValueError("WEBHOOK_KEY_SECRET is too weak for production: make it of random bytes")
            if self.webhook_loopback:
                raise ValueError("WEBHOOK_LOOPBACK is on, which production does not allow: leave it out")
        return self

    @model_validator(mode="after")
    def _mail_server_is_whole(self) -> Self:
        if bool(self.smtp_username) != (self.smtp_password is not None):
            raise ValueError("SMTP_USERNAME and SMTP_PASSWORD go together: set both or none")
        if self.smtp_password is not None and self.smtp_security == "none":
            raise ValueError("SMTP_SECURITY is none, which sends SMTP_PASSWORD for all to read: set starttls or tls")
        if self.smtp_host and self.environment == "production":
            if self.smtp_security == "none":
                raise ValueError("SMTP_SECURITY is none, which production does not allow: set it to starttls or tls")
            if self.mail_from.endswith(".example"):
                raise ValueError("MAIL_FROM is an example's, which production does not allow: set it to your own")
        return self
