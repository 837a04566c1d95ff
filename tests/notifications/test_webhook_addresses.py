"""Where webhooks go: to public addresses of named hosts alone, at the very address that was judged."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from certificates import certificates
from services.notifications.webhooks.addresses import may_be_sent_to
from services.notifications.webhooks.domain import Answer, is_url_for_messages
from services.notifications.webhooks.posting import Poster
from tests.cases import all_cases
from tests.notifications.receivers import Receiver, receiver

REFUSED = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255"),
    *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::808:808"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1"),
    *("fd00:ec2::254", "fe80::1", "fe80::1%1", "2606:4700::1%1", "fec0::1", "ff02::1", "", "localhost", "127.1"),
    *("0x7f000001", "2130706433", "8.8.8.8 "),
)
ALLOWED = ("8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "223.255.255.255", "2606:4700::1111")

URLS = (
    *("https://hooks.example.com", "https://hooks.example.com/", "https://a-b.example.com:443/in?shop=7&x=%20"),
    *("https://xn--bcher-kva.example/hooks", "https://hooks.example.com/a/@b;c=d"),
)
NOT_URLS = (
    *("http://hooks.example.com/", "https://hooks.example.com:8443/", "https://hooks.example.com:0443/"),
    *("https://me@hooks.example.com/", "https://me:secret@hooks.example.com/", "https://hooks.example.com/#part"),
    *("https://203.0.113.1/", "https://8.8.8.8/", "https://[2606:4700::1111]/", "https://2130706433/", "https://8.8/"),
    *("https://localhost/", "https://hooks/", "https://hooks.example.com./", "https://-a.example.com/"),
    *("https://HOOKS.example.com/", "https://hooks..example.com/", "https://hooks.example.com\\@other.example/"),
    *("https://hooks.example.com/ a", "https://hooks.example.com/\n", "https://bücher.example/", "https:///hooks"),
    *("https://hooks_1.example.com/", f"https://{'a.' * 127}example/"),
)

HOST = "booking.boxoffice.internal"
"""A host whose name the tests' certificates have; no server of names has it."""


def test_private_and_reserved_addresses_are_refused_and_public_ones_are_not() -> None:
    with all_cases() as case:
        for address in (*REFUSED, *ALLOWED):
            with case(address):
                assert may_be_sent_to(address) == (address in ALLOWED)
    allowed = {address for address in REFUSED if may_be_sent_to(address, allow_loopback=True)}
    assert allowed == {"127.0.0.1", "127.255.255.255", "::1"}


def test_a_url_is_https_at_443_of_a_named_host_and_nothing_else() -> None:
    with all_cases() as case:
        for url in (*URLS, *NOT_URLS):
            with case(url):
                assert is_url_for_messages(url) == (url in URLS)


class Names:
    """Stands in for a server of names: gives one answer after the other, and the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise OSError("no such host")
        return found


async def posted(poster: Poster, url: str) -> Answer:
    try:
        return await poster.post(url, '{"type":"booking.confirmed"}', {})
    finally:
        await poster.close()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (["127.0.0.1"], "ADDRESS_REFUSED"),
        (["8.8.8.8", "127.0.0.1"], "ADDRESS_REFUSED"),
        (["2606:4700::1111", "::ffff:127.0.0.1"], "ADDRESS_REFUSED"),
        ([], "NO_ADDRESS"),
    ],
)
async def test_a_host_of_which_one_address_is_not_public_is_not_connected_to(answer: list[str], outcome: str) -> None:
    async with receiver() as at:
        got = await posted(Poster(look_up=Names(answer)), f"http://hooks.example.com:{at.port}/")
        assert (got.outcome, got.status) == (outcome, None)
        assert not at.connections


async def test_a_host_is_refused_with_all_its_addresses() -> None:
    async with receiver() as at:
        names = Names([at.host, "10.0.0.1"])
        got = await posted(Poster(allow_loopback=True, look_up=names), f"http://hooks.example.com:{at.port}/")
        assert got.outcome == "ADDRESS_REFUSED" and not at.connections


async def test_an_address_that_stands_in_a_url_itself_is_judged_too() -> None:
    async with receiver() as at:
        got = await posted(Poster(look_up=Names(["8.8.8.8"])), at.url)
        assert got.outcome == "ADDRESS_REFUSED" and not at.connections


async def test_a_name_that_changes_its_address_after_the_check_is_not_asked_again() -> None:
    async with receiver() as checked, another_at(checked.port) as other:
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        got = await posted(Poster(allow_loopback=True, look_up=names), f"http://hooks.example.com:{checked.port}/")
        assert (got.outcome, got.status) == ("TAKEN", 200)
        assert (names.asked, checked.connections, other.connections) == (1, 1, 0)
        assert checked.posted[0].headers["host"] == f"hooks.example.com:{checked.port}"


@asynccontextmanager
async def another_at(port: int) -> AsyncIterator[Receiver]:
    """Serve an endpoint at the same port of another address of this machine."""
    made = Receiver("127.0.0.2")
    server = await asyncio.start_server(made.serve, made.host, port)
    try:
        yield made
    finally:
        server.close()


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificates.make(folder)
    return folder


@pytest.mark.parametrize(
    ("url_host", "trusted", "outcome"),
    [(HOST, True, "TAKEN"), ("hooks.example.com", True, "CERTIFICATE_REFUSED"), (HOST, False, "CERTIFICATE_REFUSED")],
)
async def test_the_certificate_has_to_be_that_of_the_hosts_name(
    certified: Path, url_host: str, trusted: bool, outcome: str
) -> None:
    of_server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    of_server.load_cert_chain(certified / "booking/cert.pem", certified / "booking/key.pem")
    asked_for: list[str | None] = []
    of_server.sni_callback = lambda _, name, __: asked_for.append(name)
    ours = ssl.create_default_context(cafile=str(certified / "booking/ca.pem")) if trusted else None
    async with receiver(tls=of_server) as at:
        poster = Poster(allow_loopback=True, look_up=Names(["127.0.0.1"]), tls=ours)
        assert (await posted(poster, f"https://{url_host}:{at.port}/")).outcome == outcome
        assert asked_for == [url_host]
        assert len(at.posted) == (outcome == "TAKEN")


async def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as at, receiver() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await posted(Poster(allow_loopback=True), at.url)).outcome == "TAKEN"
        assert not proxy.connections


async def test_a_redirect_is_not_followed_and_only_its_status_is_told() -> None:
    async with receiver() as target, receiver(f"307 {target.url}") as at:
        got = await posted(Poster(allow_loopback=True), at.url)
        assert (got.outcome, got.status) == ("REFUSED", 307) and not target.connections


async def test_an_endpoint_has_so_many_seconds_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.webhooks.posting.TIMEOUT_SECONDS", 0.3)
    async with receiver("hang") as at:
        got = await posted(Poster(allow_loopback=True), at.url)
        assert (got.outcome, got.status) == ("TIMED_OUT", None)

    async def silent(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    got = await posted(Poster(look_up=silent), "https://hooks.example.com/")
    assert got.outcome == "TIMED_OUT"
