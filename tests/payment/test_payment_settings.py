"""Settings of payment and of the bank: what starts them, and what stops the start."""

import base64
from collections.abc import Callable

import pytest

from services.bank.settings import Settings as BankSettings
from services.chassis.process.settings import ServiceSettings, load
from services.payment.settings import Settings as PaymentSettings

GOOD = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KINDS = [PaymentSettings, BankSettings]

Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    def put(**values: str) -> None:
        environment = {"DATABASE_URL": "postgresql://a:hidden@127.0.0.1/b", "PAYMENT_WEBHOOK_SECRET": GOOD} | values
        if values.get("ENVIRONMENT") == "production":
            environment |= {"AUTH": "on", "TLS_CA_FILE": "ca", "TLS_CERT_FILE": "cert", "TLS_KEY_FILE": "key"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return put


def why(kind: type[ServiceSettings]) -> str:
    with pytest.raises(SystemExit) as ended:
        load(kind, "it")
    line = str(ended.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", [GOOD, GOOD.removeprefix("whsec_"), GOOD.rstrip("=")])
def test_a_good_secret_is_taken_and_never_shown(kind: type[ServiceSettings], secret: str, environment: Environment):
    environment(PAYMENT_WEBHOOK_SECRET=secret, ENVIRONMENT="production")
    shown = str(load(kind, "it").shown())
    assert secret not in shown
    assert "hidden" not in shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", ["", "whsec_", "changeme", "whsec_c2hvcnQ=", "whsec_" + "!" * 40, "ünïcödé" * 9])
def test_a_short_or_malformed_secret_stops_the_start(
    kind: type[ServiceSettings], secret: str, environment: Environment
):
    environment(PAYMENT_WEBHOOK_SECRET=secret)
    line = why(kind)
    assert line.startswith("it: PAYMENT_WEBHOOK_SECRET is wrong: it must be base64 of at least 24 bytes")
    assert not secret or secret == "whsec_" or secret not in line


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_that_is_not_random_is_for_development_only(kind: type[ServiceSettings], environment: Environment):
    environment(PAYMENT_WEBHOOK_SECRET=base64.b64encode(b"password" * 4).decode())
    load(kind, "it")
    environment(PAYMENT_WEBHOOK_SECRET=base64.b64encode(b"password" * 4).decode(), ENVIRONMENT="production")
    assert why(kind) == "it: PAYMENT_WEBHOOK_SECRET is too weak for production: make it of random bytes"


def test_the_previous_secret_is_held_to_the_same(environment: Environment):
    environment(PAYMENT_WEBHOOK_SECRET_PREVIOUS="short")
    assert "PAYMENT_WEBHOOK_SECRET_PREVIOUS is wrong" in why(PaymentSettings)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (PaymentSettings, "PAYMENT_GATEWAY_URL", "127.0.0.1:16063"),
        (PaymentSettings, "PUBLIC_URL", "127.0.0.1"),
        (PaymentSettings, "SESSION_MARGIN_SECONDS", "-1"),
        (PaymentSettings, "PORT", "0"),
        (BankSettings, "WEBHOOK_URL", "ftp://127.0.0.1/"),
        (BankSettings, "PORT", "many"),
        (BankSettings, "BANK_SCENARIOS", "wild"),
        (BankSettings, "BANK_DELAY_SECONDS", "0"),
    ],
)
def test_a_wrong_setting_is_named(kind: type[ServiceSettings], name: str, value: str, environment: Environment):
    environment(**{name: value})
    assert why(kind).startswith(f"it: {name} is wrong")


RAZORPAY = {
    "RAZORPAY_KEY_ID": "rzp_test_0123456789abcd",
    "RAZORPAY_KEY_SECRET": "a-secret-of-the-key-24",
    "RAZORPAY_WEBHOOK_SECRET": "a-secret-of-webhooks-24",
}


def test_razorpay_is_configured_by_its_key_and_secrets_which_are_never_shown(environment: Environment):
    environment(**RAZORPAY, PAYMENT_GATEWAY="razorpay")
    settings = load(PaymentSettings, "it")
    assert settings.payment_gateway == "razorpay"
    assert not any(RAZORPAY[name] in str(settings.shown()) for name in RAZORPAY if name.endswith("SECRET"))


@pytest.mark.parametrize("missing", RAZORPAY)
def test_razorpay_without_its_key_or_secrets_stops_the_start(missing: str, environment: Environment):
    environment(**{name: value for name, value in RAZORPAY.items() if name != missing})
    assert why(PaymentSettings).startswith(f"it: {missing} not set")


def test_razorpay_has_no_default_key(environment: Environment):
    environment(PAYMENT_GATEWAY="razorpay")
    assert why(PaymentSettings).startswith(f"it: {', '.join(RAZORPAY)} not set")


@pytest.mark.parametrize("name", ["RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"])
def test_a_short_secret_of_razorpay_stops_the_start(name: str, environment: Environment):
    environment(**RAZORPAY | {name: "short"})
    line = why(PaymentSettings)
    assert name in line
    assert "short" not in line.replace("shorter", "")


@pytest.mark.parametrize("name", ["PUBLIC_URL", "RAZORPAY_URL"])
def test_razorpay_takes_https_in_production(name: str, environment: Environment):
    urls = {"PUBLIC_URL": "https://shop.example", "RAZORPAY_URL": "https://api.razorpay.com/v1"}
    environment(**RAZORPAY, **urls | {name: "http://shop.example"}, ENVIRONMENT="production")
    assert why(PaymentSettings) == f"it: {name} must be https in production, where Razorpay is used"
