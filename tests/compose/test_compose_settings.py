"""What containers are told agrees with what services ask for, and with what `make run` tells them."""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from certificates import certificates
from databases.databases import DATABASES
from roster import SERVICES
from services.chassis.process.settings import ServiceSettings
from stack import postgres, services
from stack.settings import Settings as StackSettings
from tests.compose.support import (
    ROOT,
    SECRETS,
    WANTED,
    arguments,
    compose,
    environment_of,
    exec_form,
    gateway_rendering,
    options,
    stages,
)
from web.settings import Settings as ShopSettings

KINDS: dict[str, type[ServiceSettings]] = {
    service.name: import_module(f"{service.module}.settings").Settings for service in SERVICES
}
FOR_LIBRARIES = {"no_proxy"}
# Not offered to anybody who runs containers.
FOR_TESTS = {"FAULTS_ADDRESS"}
FILE = compose(SECRETS)["services"]
STACK = {service.name: service for service in SERVICES}
PORTS = StackSettings.model_construct().ports()


def settings(name: str, **environment: str) -> Any:
    given = environment_of(compose(WANTED | environment)["services"][name], WANTED | environment)
    return KINDS[name](**{key.lower(): value for key, value in given.items()})


@pytest.mark.parametrize("name", KINDS)
def test_a_service_is_run_as_the_stack_runs_it(name: str) -> None:
    command = ["python", "-m", STACK[name].module]
    assert FILE[name]["command"] == command
    assert FILE[f"{name}-migrate"]["command"] == [*command, "migrate"]
    migrates, serves = (urlsplit(FILE[one]["environment"]["DATABASE_URL"]) for one in (f"{name}-migrate", name))
    assert (migrates.username, serves.username) == (STACK[name].owner, name)
    assert FILE[f"{name}-migrate"]["environment"] == FILE[name]["environment"] | {"DATABASE_URL": migrates.geturl()}


@pytest.mark.parametrize("name", KINDS)
def test_every_setting_can_be_set_and_nothing_else_is(name: str) -> None:
    known = {setting.upper() for setting in KINDS[name].model_fields} - FOR_TESTS
    assert FILE[name]["environment"].keys() - FOR_LIBRARIES == known, f"docker-compose.yml: x-{name}-environment"


@pytest.mark.parametrize("name", KINDS)
def test_a_service_is_told_what_the_stack_tells_it(name: str) -> None:
    facts = {fact for fact in services.setting_names(STACK[name]) if fact.lower() in KINDS[name].model_fields}
    assert facts <= environment_of(FILE[name], {}).keys()


@pytest.mark.parametrize("environment", ["production", "development"])
@pytest.mark.parametrize("name", KINDS)
def test_a_service_takes_its_settings(name: str, environment: str) -> None:
    own = settings(name, ENVIRONMENT=environment)
    assert own.environment == environment
    assert own.host == "0.0.0.0"
    assert own.port == PORTS[f"{name.upper()}_PORT"]


def test_the_shop_can_be_told_every_setting_and_takes_what_it_is_told() -> None:
    assert FILE["web"]["command"] == ["python", "-m", "web"]
    assert FILE["web"]["environment"].keys() - FOR_LIBRARIES == {name.upper() for name in ShopSettings.model_fields}
    for environment, address in (("production", "https://tickets.example.com"), ("development", "")):
        given = WANTED | {"ENVIRONMENT": environment, "PUBLIC_URL": address}
        told = environment_of(compose(given)["services"]["web"], given)
        own = ShopSettings(**{name.lower(): value for name, value in told.items()})
        assert (own.is_secure, own.port) == (bool(address), PORTS["WEB_PORT"])
        assert own.booking_address == _address("booking")
    with pytest.raises(ValueError, match="PUBLIC_URL is not https"):
        ShopSettings(**{name.lower(): value for name, value in (told | {"ENVIRONMENT": "production"}).items()})


def test_identity_is_told_of_proxies_as_the_gateway_is_and_production_takes_that() -> None:
    assert FILE["gateway"]["build"]["args"]["TRUSTED_PROXIES"] == ""
    one = compose(SECRETS | {"TRUSTED_PROXIES": "1"})["services"]["gateway"]["build"]["args"]
    assert int(one["TRUSTED_PROXIES"]) == settings("identity", TRUSTED_PROXIES="1").trusted_proxies == 1
    assert settings("identity", TRUSTED_PROXIES="", ENVIRONMENT="development").trusted_proxies is None
    with pytest.raises(ValueError, match="TRUSTED_PROXIES is not set"):
        settings("identity", TRUSTED_PROXIES="")


@pytest.mark.parametrize("name", KINDS)
def test_a_service_uses_its_own_role_and_database(name: str) -> None:
    url = urlsplit(settings(name).database_url.get_secret_value())
    assert (url.username, url.password) == (name, SECRETS[f"{name.upper()}_PASSWORD"])
    assert (url.hostname, url.port, url.path) == ("postgres", 5432, f"/{DATABASES[name]}")


def test_addresses_lead_to_the_services() -> None:
    booking, payment, bank = settings("booking"), settings("payment"), settings("bank")
    assert booking.inventory_address == _address("inventory")
    assert booking.payment_address == _address("payment")
    assert payment.booking_address == _address("booking")
    assert payment.payment_gateway_url == f"grpc://{_address('bank')}"
    assert bank.webhook_url == f"http://gateway:{PORTS['GATEWAY_PORT']}/api/v1/payments/webhook"
    for name in KINDS:
        assert settings(name).identity_address == _address("identity")
        assert set(FILE[name]["networks"]) >= {"services"}


def test_the_gateway_looks_for_each_service_where_it_is() -> None:
    given = options(gateway_rendering())
    # Whom it is told nothing of is at a host of its name: test_replicas_are_found_by_name.
    assert not given.keys() & KINDS.keys()
    assert given["host"] == "0.0.0.0"
    assert int(given["port"]) == PORTS["GATEWAY_PORT"]
    assert given["admin-host"] == "127.0.0.1"
    assert int(given["admin-port"]) == PORTS["ENVOY_ADMIN_PORT"]
    assert given["metrics-port"] == FILE["inventory"]["environment"]["METRICS_PORT"]


def test_callers_have_to_say_who_they_are() -> None:
    for name in KINDS:
        assert settings(name).auth == settings(name, AUTH="off").auth == "on"
    given = options(gateway_rendering())
    assert given["auth"] == "on"
    for name in KINDS:
        files = [str(path) for path in settings(name).tls_files]
        assert files == [given[f"tls-{what}-file"] for what in ("ca", "cert", "key")]


def test_each_sees_its_own_certificate_only_which_are_made_before(tmp_path: Path) -> None:
    making = FILE["certificates"]
    *module, folder = making["command"]
    assert module == ["python", "-m", "certificates"]
    made = dict(mount.split(":") for mount in making["volumes"])
    assert made == {f"tls-{name}": f"{folder}/{name}" for name in (certificates.AUTHORITY, *certificates.NAMES)}
    assert made.keys() <= compose(SECRETS)["volumes"].keys()
    mounted = {
        name: [mount for mount in service.get("volumes", ()) if mount.startswith("tls-")]
        for name, service in FILE.items()
        if name != "certificates"
    }
    assert {name: mounts for name, mounts in mounted.items() if mounts} == {
        name: [f"tls-{name}:/tls:ro"] for name in (*KINDS, "web", "gateway")
    }
    for name in (*KINDS, "web", "gateway"):
        assert FILE[name]["depends_on"]["certificates"] == {"condition": "service_completed_successfully"}
    # They belong to the user of both images, because their places in the image do.
    (making_user,) = [run for run in stages()["service"].all("RUN") if "useradd" in run]
    [places] = [part for part in making_user.split("&&") if "mkdir -p" in part]
    script = places.replace(f"{folder}/", f"{tmp_path}/").replace("/opt/boxoffice", str(ROOT))
    subprocess.run(["sh", "-c", script], check=True)
    assert {path.name for path in tmp_path.iterdir()} == {certificates.AUTHORITY, *certificates.NAMES}
    assert stages()["service"].last("USER") == stages()["gateway"].last("USER") == "10001:10001"
    assert f"chown -R 10001 {folder} && chmod -R 0700 {folder}" in making_user


def test_each_keeps_identitys_keys_in_a_volume_of_its_own() -> None:
    kept = {name: [mount for mount in FILE[name].get("volumes", ()) if mount.startswith("keys-")] for name in FILE}
    believing = set(KINDS) - {"identity"}  # which has them in its database
    assert {name: mounts for name, mounts in kept.items() if mounts} == {
        name: [f"keys-{name}:/keys"] for name in believing
    }
    assert {f"keys-{name}" for name in believing} <= compose(SECRETS)["volumes"].keys()
    for name in believing:
        assert str(settings(name).kept_keys_file) == "/keys/kept.json"
    (making_user,) = [run for run in stages()["service"].all("RUN") if "useradd" in run]
    assert "mkdir -m 0700 /keys && chown 10001 /keys" in making_user


def test_the_replicas_of_inventory_share_the_files_of_images() -> None:
    mounted = {name: mount for name in FILE for mount in FILE[name].get("volumes", ()) if mount.startswith("images")}
    assert mounted == {"inventory": "images:/images"}
    assert "images" in compose(SECRETS)["volumes"]
    assert str(settings("inventory").images_folder) == "/images"
    (making_user,) = [run for run in stages()["service"].all("RUN") if "useradd" in run]
    assert "mkdir -m 0700 /images && chown 10001 /images" in making_user


def test_the_ledgers_owner_is_not_who_serves() -> None:
    owner = urlsplit(environment_of(FILE["bank-migrate"], SECRETS)["DATABASE_URL"])
    assert (owner.username, owner.password) == ("bank_owner", SECRETS["BANK_OWNER_PASSWORD"])
    assert SECRETS["BANK_OWNER_PASSWORD"] not in str(FILE["bank"])


def test_customers_are_sent_to_where_the_gateway_is_published() -> None:
    assert settings("payment").public_url == "http://127.0.0.1:8001"
    assert settings("payment", GATEWAY_PORT="80").public_url == "http://127.0.0.1:80"
    assert settings("payment", PUBLIC_URL="https://box.example").public_url == "https://box.example"


def test_rules_pass_through() -> None:
    assert settings("inventory", SEAT_HOLD_MINUTES="7").seat_hold_minutes == 7
    assert settings("inventory").seat_hold_minutes == KINDS["inventory"].model_fields["seat_hold_minutes"].default


def test_postgres_is_set_as_the_stack_sets_it() -> None:
    given = dict(word.removeprefix("-c").split("=", 1) for word in FILE["postgres"]["command"][1:])
    # Where it listens is the image's business, and this one is the default.
    own = {"listen_addresses", "unix_socket_directories", "password_encryption"}
    assert given == {name: value for name, value in postgres.SETTINGS.items() if name not in own}
    source = Path(postgres.__file__).read_text()
    for option in FILE["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split():
        assert f'"{option}"' in source


def test_health_is_asked_of_the_service_itself() -> None:
    service = stages()["service"]
    assert exec_form((service.last("HEALTHCHECK") or "").partition("CMD ")[2]) == ["python", "docker/health.py"]
    gateway = stages()["gateway"]
    assert exec_form((gateway.last("HEALTHCHECK") or "").partition("CMD ")[2])[1:] == ["health"]
    assert arguments().keys() == {"PYTHON_VERSION", "ENVOY_VERSION"}


def _address(name: str) -> str:
    return f"{name}:{PORTS[f'{name.upper()}_PORT']}"
