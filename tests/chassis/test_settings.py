"""Settings: what is wrong or missing is told in one line, and secrets are never shown."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.bank import settings as bank
from services.booking import settings as booking
from services.chassis.process.settings import ServiceSettings, load
from services.identity import settings as identity
from services.inventory import settings as inventory
from services.payment import settings as payment
from tests.chassis.processes import SECRET, started

DATABASE = {"DATABASE_URL": "postgresql://i:secret@127.0.0.1:1/i", "PORT": "1"}
TLS = {"TLS_CA_FILE": "ca.pem", "TLS_CERT_FILE": "cert.pem", "TLS_KEY_FILE": "key.pem"}
WEAK = "whsec_" + "QUFB" * 12
BAD: list[tuple[str, Mapping[str, str], list[str]]] = [
    ("inventory", {}, ["DATABASE_URL is not set"]),
    ("inventory", {"DATABASE_URL": ""}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "hunter2"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "postgres//inventory:hunter2@127.0.0.1:1/inventory"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "mysql://inventory:hunter2@127.0.0.1:1/inventory"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "postgresql://i:hunter2@127.0.0.1:port/i"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"DATABASE_URL": "postgresql://i:hunter2@127.0.0.1:1/i?nonsense=1"}, ["DATABASE_URL is wrong"]),
    ("inventory", {"PORT": "http", "SEAT_HOLD_MINUTES": "0"}, ["DATABASE_URL", "PORT", "SEAT_HOLD_MINUTES"]),
    ("inventory", {"LOG_LEVEL": "LOUD", "ENVIRONMENT": "prod"}, ["LOG_LEVEL", "ENVIRONMENT"]),
    ("payment", {"PAYMENT_WEBHOOK_SECRET": "hunter2"}, ["DATABASE_URL", "PAYMENT_WEBHOOK_SECRET is wrong"]),
    ("payment", {"PAYMENT_GATEWAY_URL": "hunter2"}, ["PAYMENT_GATEWAY_URL is wrong", "PAYMENT_WEBHOOK_SECRET is not"]),
    ("bank", {"WEBHOOK_URL": "hunter2"}, ["WEBHOOK_URL is wrong", "PAYMENT_WEBHOOK_SECRET is not set"]),
    ("inventory", {"FAULTS_ADDRESS": "db.example:1"}, ["DATABASE_URL", "FAULTS_ADDRESS is wrong"]),
    ("inventory", DATABASE | {"AUTH": "maybe"}, ["AUTH is wrong"]),
    ("inventory", DATABASE | {"AUTH": "on"}, ["TLS_CA_FILE, TLS_CERT_FILE, TLS_KEY_FILE not set", "make certificates"]),
    ("inventory", DATABASE | TLS | {"AUTH": "on", "TLS_KEY_FILE": ""}, ["TLS_KEY_FILE"]),
    ("inventory", DATABASE | {"HOST": "0.0.0.0"}, ["AUTH is off", "reaches 0.0.0.0", "HOST to 127.0.0.1"]),
    ("inventory", DATABASE | {"HOST": "::"}, ["AUTH is off"]),
    ("inventory", DATABASE | {"HOST": "db.example"}, ["AUTH is off"]),
    ("inventory", DATABASE | {"ENVIRONMENT": "production"}, ["AUTH is off, which production does not allow"]),
    ("identity", DATABASE, ["SIGNING_KEY_SECRET is not set"]),
    ("identity", DATABASE | {"SIGNING_KEY_SECRET": "hunter2"}, ["SIGNING_KEY_SECRET is wrong"]),
    (
        "identity",
        DATABASE
        | TLS
        | {"ENVIRONMENT": "production", "AUTH": "on", "SIGNING_KEY_SECRET": WEAK, "TRUSTED_PROXIES": "0"},
        ["SIGNING_KEY_SECRET is too weak"],
    ),
    ("booking", DATABASE, ["TICKET_KEY_SECRET is not set"]),
    (
        "booking",
        DATABASE | TLS | {"ENVIRONMENT": "production", "AUTH": "on", "TICKET_KEY_SECRET": WEAK},
        ["TICKET_KEY_SECRET is too weak"],
    ),
    ("booking", {"REFUND_STEPS": "often", "BOOKING_EXPIRY_MINUTES": ""}, ["REFUND_STEPS", "BOOKING_EXPIRY_MINUTES"]),
]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "inventory": inventory.Settings,
    "booking": booking.Settings,
    "payment": payment.Settings,
    "bank": bank.Settings,
    "identity": identity.Settings,
}


@pytest.mark.parametrize(("service", "given", "complaints"), BAD)
def test_settings_that_are_wrong_or_missing_are_told_in_one_line_that_names_them(
    monkeypatch: pytest.MonkeyPatch, service: str, given: Mapping[str, str], complaints: list[str]
) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        load(SETTINGS[service], service)
    line = str(caught.value.code)
    assert line.startswith(f"{service}: ")
    assert "\n" not in line
    for complaint in complaints:
        assert complaint in line
    assert "hunter2" not in line


def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in (("DATABASE_URL", DATABASE["DATABASE_URL"]), ("PAYMENT_WEBHOOK_SECRET", SECRET)):
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = load(payment.Settings, "payment")
    assert settings.database_url.get_secret_value() == DATABASE["DATABASE_URL"]
    assert settings.payment_webhook_secret.get_secret_value() == SECRET
    monkeypatch.setenv("PAYMENT_WEBHOOK_SECRET_PREVIOUS_FILE", "")
    assert load(payment.Settings, "payment").payment_webhook_secret_previous is None


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"DATABASE_URL": "hunter2", "DATABASE_URL_FILE": "good"}, "DATABASE_URL and DATABASE_URL_FILE are both set"),
        ({"DATABASE_URL_FILE": "absent"}, "DATABASE_URL_FILE: absent cannot be read: No such file or directory"),
        ({"DATABASE_URL_FILE": "."}, "DATABASE_URL_FILE: . cannot be read: Is a directory"),
        ({"DATABASE_URL_FILE": "empty"}, "DATABASE_URL_FILE: empty is empty"),
        ({"DATABASE_URL_FILE": "binary"}, "DATABASE_URL_FILE: binary cannot be read: it is not text"),
        ({"DATABASE_URL_FILE": "bad"}, "DATABASE_URL is wrong"),
    ],
)
def test_files_of_secrets_that_cannot_be_taken_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: Mapping[str, str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"good": DATABASE["DATABASE_URL"].encode(), "empty": b"\n", "binary": b"\xff\xfe", "bad": b"hunter2"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    test_settings_that_are_wrong_or_missing_are_told_in_one_line_that_names_them(
        monkeypatch, "inventory", {"PORT": "1", **given}, [complaint]
    )


@pytest.mark.parametrize("verb", ["serve", "migrate"])
async def test_the_process_ends_with_that_line(verb: str) -> None:
    async with started("services.inventory", verb, DATABASE_URL="postgres//inventory:hunter2@127.0.0.1/i") as it:
        assert await it.ends() == 1
    assert it.lines == [
        "inventory: DATABASE_URL is wrong: it must look like this (postgresql://role:secret@host:port/database)"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://role:p%40ss%25@127.0.0.1:5432/inventory",
        "postgresql://role@db.example/inventory?sslmode=require",
        "postgresql://role:secret@[::1]:5432/inventory",
    ],
)
def test_settings_that_are_fine_are_read_and_shown_without_secrets(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("PAYMENT_WEBHOOK_SECRET", SECRET)
    settings = load(payment.Settings, "payment")
    assert settings.database_url.get_secret_value() == url
    shown = str(settings.shown()) + repr(settings)
    assert "ss%25" not in shown
    assert url not in shown
    assert SECRET not in shown
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
