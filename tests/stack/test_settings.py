import json
import os
import re
import stat
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from gateway.edge import Edge
from roster import NAMES
from services.payment.settings import Settings as PaymentSettings
from stack import credentials, ports, services, settings
from stack.errors import StackError

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
WELL_KNOWN = {
    *(3000, 3306, 4200, 4317, 4318, 5000, 5173, 5432, 5433, 5672, 6379, 6432, 8000, 8080, 8443, 8500, 8888, 9000),
    *(9090, 9092, 9093, 9100, 9187, 9200, 9464, 9901, 10000, 10250, 11211, 11434, 15000, 15672, 16686, 18080, 19000),
}
"""Ports of what developers commonly run: databases, queues, their tools, other Envoys."""
REGISTERED = ((16000, 16031), (16161, 16163), (16309, 16312), (16360, 16362), (16367, 16369), (16384, 16386))
"""Ports between 16000 and 16900 that IANA or HBase's habit gives to others: from, and to before."""


def test_ports_and_folder_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "18001")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    chosen = settings.load()
    assert (chosen.gateway_port, chosen.data_dir, chosen.postgres_port) == (18001, tmp_path, 16082)


def test_an_empty_folder_of_programs_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", "")
    assert settings.load().pg_bin is None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PG_BIN", "bin")
    assert settings.load().pg_bin == tmp_path / "bin", "wherever its programs are run"


@pytest.mark.parametrize("value", ["", "abc", "0", "65536"])
def test_a_bad_port_is_one_line_that_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BANK_PORT", value)
    with pytest.raises(StackError, match=r"\Asettings are wrong: BANK_PORT: [^\n]+\Z"):
        settings.load()


def test_one_port_for_two_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_PORT", "16051")
    with pytest.raises(StackError, match="INVENTORY_PORT and BANK_PORT are both 16051"):
        settings.load()


def test_replicas_have_ports_of_their_own_that_are_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "3")
    chosen = settings.load().all_ports()
    assert (chosen["BOOKING_PORT"], chosen["BOOKING_PORT + 100"], chosen["BOOKING_PORT + 200"]) == (16052, 16152, 16252)
    assert (chosen["BANK_METRICS_PORT + 200"], chosen["GATEWAY_PORT"]) == (16274, 8001)
    assert "GATEWAY_PORT + 100" not in chosen
    monkeypatch.setenv("BANK_PORT", "16151")
    with pytest.raises(StackError, match=r"INVENTORY_PORT \+ 100 and BANK_PORT are both 16151"):
        settings.load()
    monkeypatch.setenv("BANK_PORT", "65400")
    with pytest.raises(StackError, match="go beyond 65535"):
        settings.load()


def test_default_ports_are_nobodys() -> None:
    chosen = settings.Settings.model_construct(replicas=9).all_ports()
    taken = set(chosen.values())
    assert len(taken) == len(chosen)
    # Linux gives those from 32768 on to outgoing connections, macOS and Windows those from 49152 on.
    assert max(taken) < 32_768
    assert not taken & set(ports.CHOICE), "tests would meet a stack that runs"
    del chosen["GATEWAY_PORT"]
    assert not set(chosen.values()) & WELL_KNOWN
    assert not any(first <= port < last for port in chosen.values() for first, last in REGISTERED)


@pytest.mark.skipif(not RANGE.exists(), reason="only Linux tells")
def test_default_ports_are_not_given_to_outgoing_connections_here() -> None:
    first, last = map(int, RANGE.read_text().split())
    assert not [port for port in settings.Settings.model_construct().ports().values() if first <= port <= last]


def test_the_readme_has_the_default_ports() -> None:
    table = (settings.ROOT / "README.md").read_text().partition("## Configuration")[2]
    documented = re.findall(r"^\| `(\w+_PORT)`.*? \| ([0-9][^|]*) \|", table, re.MULTILINE)
    found = [int(number) for _, numbers in documented for number in re.findall(r"\d+", numbers)]
    by_name = settings.Settings.model_construct().ports()
    services = sorted(port for name, port in by_name.items() if 16_051 <= port <= 16_063)
    metrics = sorted(port for name, port in by_name.items() if "METRICS" in name)
    own = [by_name["GATEWAY_PORT"], by_name["ENVOY_ADMIN_PORT"], services[0], services[-2], services[-1]]
    assert found == [*own, by_name["POSTGRES_PORT"], by_name["MAIL_SINK_PORT"], metrics[0], metrics[-1]]


def test_the_gateways_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTH", raising=False)
    assert settings.load().edge() == Edge()
    monkeypatch.setenv("RATE_LIMIT_PER_SECOND", "50")
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example, http://localhost:3000")
    monkeypatch.setenv("HOLD_PACE_MILLISECONDS", "40")
    origins = ("https://app.example", "http://localhost:3000")
    assert settings.load().edge() == Edge(50, 1, origins, hold_pace_milliseconds=40)
    monkeypatch.setenv("CORS_ORIGINS", "*")
    monkeypatch.setenv("CORS_CREDENTIALS", "on")
    with pytest.raises(StackError, match=r"\Asettings are wrong: [^\n]*CORS_CREDENTIALS is on[^\n]*\Z"):
        settings.load()
    monkeypatch.delenv("CORS_CREDENTIALS")
    monkeypatch.setenv("CORS_ORIGINS", "app.example")
    with pytest.raises(StackError, match=r"\Asettings are wrong: [^\n]*CORS_ORIGINS[^\n]*'app.example'\Z"):
        settings.load()


@pytest.mark.parametrize("in_files", [False, True], ids=["by themselves", "in files"])
def test_what_razorpay_takes_reaches_payment_and_its_secrets_nobody_else(
    in_files: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = {"RAZORPAY_KEY_SECRET": "s" * 24, "RAZORPAY_WEBHOOK_SECRET": "w" * 24}
    public = {"PAYMENT_GATEWAY": "razorpay", "RAZORPAY_KEY_ID": "rzp_test_12345678"}
    given = dict(secrets)
    if in_files:
        for name, secret in secrets.items():
            (tmp_path / name).write_text(secret)
        given = {f"{name}_FILE": str(tmp_path / name) for name in secrets}
    for name, value in (public | given | {"PUBLIC_URL": "https://tickets.example"}).items():
        monkeypatch.setenv(name, value)
    told = services.environments(settings.load(), credentials.load(tmp_path / "credentials.json"), {})
    assert told["payment"].items() >= (public | given).items()
    assert [name for name in NAMES if told[name].keys() & given.keys()] == ["payment"]
    for name in os.environ.keys() - told["payment"].keys():
        monkeypatch.delenv(name)
    for name, value in told["payment"].items():
        monkeypatch.setenv(name, value)
    payment = PaymentSettings()
    assert (payment.payment_gateway, payment.public_url) == ("razorpay", "https://tickets.example")
    assert [secret.get_secret_value() for secret in payment.razorpay_webhook_secrets] == ["w" * 24]
    assert told["bank"]["WEBHOOK_URL"].startswith("http://127.0.0.1:"), "the bank is on this machine"


@pytest.mark.parametrize("value", ["tickets.example", "https://tickets.example/api", "ftp://tickets.example"])
def test_an_address_for_customers_is_one_without_a_path(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", value)
    with pytest.raises(StackError, match=r"\Asettings are wrong: PUBLIC_URL: [^\n]+\Z"):
        settings.load()


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    first = credentials.load(file)
    assert credentials.load(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(set(first.secrets.values())) == len(credentials.NAMES)
    assert first["webhook"] not in repr(first)


def test_the_webhook_secret_is_one_that_the_library_takes(tmp_path: Path) -> None:
    secret = credentials.load(tmp_path / "credentials.json")["webhook"]
    assert secret.startswith("whsec_")
    Webhook(secret)


def test_a_secret_that_is_missing_is_added_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"postgres": "open sesame"}))
    assert credentials.load(file)["postgres"] == "open sesame"
    assert set(credentials.load(file).secrets) == set(credentials.NAMES)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"postgres": 1}'])
def test_damaged_credentials_are_named_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(text)
    with pytest.raises(StackError, match=r"credentials.json is damaged"):
        credentials.load(file)
    assert file.read_text() == text


def test_chosen_ports_are_different_and_free() -> None:
    chosen = ports.choose(20)
    assert len(set(chosen)) == 20
    assert all(map(ports.is_free, chosen))
