"""Settings: production sends no mail that others read on the way, none for an example, and no webhook home."""

import pytest

from services.chassis.process.settings import load
from services.notifications.settings import Settings

WHOLE = {
    "DATABASE_URL": "postgresql://notifications:secret@127.0.0.1:5432/notifications",
    "SMTP_HOST": "mail.tickets.in",
    "SMTP_USERNAME": "boxoffice",
    "SMTP_PASSWORD": "geheim",
    "MAIL_FROM": "tickets@tickets.in",
    "WEBHOOK_KEY_SECRET": "whsec_ZWluWndlaURyZWlWaWVyRnVlbmZTZWNoc1NpZWJlbjg=",
    "UNSUBSCRIBE_SECRET": "hXkq0hZ3m9r1Vd7c5b8n2LwTgYpRsJfA4uEoKiMxQzA=",
}
IN_PRODUCTION = {
    "ENVIRONMENT": "production",
    "AUTH": "on",
    "TLS_CA_FILE": "/tls/ca.pem",
    "TLS_CERT_FILE": "/tls/cert.pem",
    "TLS_KEY_FILE": "/tls/key.pem",
}


def loaded(monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    for name, value in (WHOLE | changes).items():
        monkeypatch.setenv(name, value)
    return load(Settings, "notifications")


def test_a_whole_configuration_is_taken_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch, **IN_PRODUCTION).smtp_security == "starttls"
    assert "geheim" not in str(loaded(monkeypatch, **IN_PRODUCTION).shown())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SMTP_SECURITY": "none"}, "SMTP_SECURITY is none"),
        ({"SMTP_SECURITY": "none", "SMTP_USERNAME": "", "SMTP_PASSWORD": ""}, "SMTP_"),
        ({"MAIL_FROM": "tickets@boxoffice.example"}, "MAIL_FROM is an example's"),
        ({"WEBHOOK_KEY_SECRET": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"}, "WEBHOOK_KEY_SECRET is too weak"),
        ({"WEBHOOK_LOOPBACK": "true"}, "WEBHOOK_LOOPBACK is on"),
        ({"UNSUBSCRIBE_SECRET": "A" * 64}, "UNSUBSCRIBE_SECRET is too weak"),
        ({"SMTP_USERNAME": ""}, "SMTP_USERNAME and SMTP_PASSWORD go together"),
        ({"MAIL_FROM": "tickets@tickets.in\r\nBcc: all@example.com"}, "MAIL_FROM is wrong"),
    ],
)
def test_what_production_must_not_have_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(SystemExit, match=said):
        loaded(monkeypatch, **(IN_PRODUCTION | changes))


def test_no_password_goes_over_a_plain_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="for all to read"):
        loaded(monkeypatch, SMTP_SECURITY="none")
