import json
import stat
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from gateway.edge import Edge
from stack import credentials, ports, settings
from stack.errors import StackError


def test_ports_and_folder_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "18001")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    chosen = settings.load()
    assert (chosen.gateway_port, chosen.data_dir, chosen.postgres_port) == (18001, tmp_path, 5433)


@pytest.mark.parametrize("value", ["", "abc", "0", "65536"])
def test_a_bad_port_is_one_line_that_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BANK_PORT", value)
    with pytest.raises(StackError, match=r"\Asettings are wrong: BANK_PORT: [^\n]+\Z"):
        settings.load()


def test_one_port_for_two_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_PORT", "50051")
    with pytest.raises(StackError, match="INVENTORY_PORT and BANK_PORT are both 50051"):
        settings.load()


def test_replicas_have_ports_of_their_own_that_are_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "3")
    chosen = settings.load().all_ports()
    assert (chosen["BOOKING_PORT"], chosen["BOOKING_PORT + 100"], chosen["BOOKING_PORT + 200"]) == (50052, 50152, 50252)
    assert (chosen["BANK_METRICS_PORT + 200"], chosen["GATEWAY_PORT"]) == (9667, 8001)
    assert "GATEWAY_PORT + 100" not in chosen
    monkeypatch.setenv("BANK_PORT", "50151")
    with pytest.raises(StackError, match=r"INVENTORY_PORT \+ 100 and BANK_PORT are both 50151"):
        settings.load()
    monkeypatch.setenv("BANK_PORT", "65400")
    with pytest.raises(StackError, match="go beyond 65535"):
        settings.load()


def test_the_gateways_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTH", raising=False)
    assert settings.load().edge() == Edge()
    monkeypatch.setenv("RATE_LIMIT_PER_SECOND", "50")
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example, http://localhost:3000")
    assert settings.load().edge() == Edge(50, 1, ("https://app.example", "http://localhost:3000"))
    monkeypatch.setenv("CORS_ORIGINS", "app.example")
    with pytest.raises(StackError, match=r"\Asettings are wrong: [^\n]*CORS_ORIGINS[^\n]*'app.example'\Z"):
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
