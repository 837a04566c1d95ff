"""Services know each other by certificate: who shows none, a foreign one or another's gets nowhere."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from certificates import certificates
from certificates.__main__ import main
from certificates.errors import CertificatesError
from services.chassis.errors import Failure, PeerFailure, Unavailable
from services.chassis.process.server import make_server
from services.chassis.process.settings import ServiceSettings
from services.chassis.wire import tls
from services.chassis.wire.calls import call as call_peer
from services.chassis.wire.calls import channel
from services.chassis.wire.keys import FetchedKeys
from services.chassis.wire.tls import Certificate
from services.identity.keys.signing import SigningKey
from tests.gateway.fakes import FakeService
from tests.identity import forge
from tests.identity.test_attacks import Source
from tests.patience import patient

ID = "018f0000-0000-7000-8000-00000000000a"
UNBOOK = inventory_pb2.BatchUnbookReservationsRequest(names=[{"booking_id": ID, "show_id": ID}])
KEY = SigningKey("one", forge.FOREIGN)


def read(folder: Path, name: str) -> Certificate:
    own = folder / name
    return Certificate.read(own / "ca.pem", own / "cert.pem", own / "key.pem")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours") / "tls"
    certificates.make(folder)
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the same names, from an authority of somebody else's."""
    folder = tmp_path_factory.mktemp("foreign") / "tls"
    certificates.make(folder)
    return folder


Act = Callable[[Certificate | None], None]


@pytest.fixture
def act_as(monkeypatch: pytest.MonkeyPatch) -> Iterator[Act]:
    """Have this process show a certificate to whom it calls."""
    yield lambda certificate: monkeypatch.setattr(tls, "own", certificate)


@asynccontextmanager
async def serving(certificate: Certificate | None) -> AsyncIterator[tuple[str, FakeService]]:
    """Serve every method of inventory, held to its policy, with a certificate or plain; gives host:port too."""
    settings = ServiceSettings(
        database_url="postgresql://nobody@127.0.0.1/none",
        port=1,
        auth="on",
        tls_ca_file=Path("ca"),
        tls_cert_file=Path("cert"),
        tls_key_file=Path("key"),
    )
    server = make_server(settings, FetchedKeys(Source(KEY).fetch))
    service = FakeService("inventory")
    server.add_generic_rpc_handlers((service,))
    at = "127.0.0.1:0"
    port = server.add_secure_port(at, certificate.server_credentials()) if certificate else server.add_insecure_port(at)
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    await server.start()
    try:
        yield f"127.0.0.1:{port}", service
    finally:
        await server.stop(None)


async def unbook(address: str, service: str = "inventory") -> Any:
    async with channel(address, service) as to:
        return await call_peer(inventory_pb2_grpc.InventoryServiceStub(to).BatchUnbookReservations, UNBOOK, seconds=3)


async def check_nothing_gets_through(address: str, certificate: Certificate | None, act_as: Act) -> None:
    """Call with this certificate, or in plain without; there must be no connection."""
    act_as(certificate)
    with pytest.raises(Unavailable):
        await unbook(address)


async def test_only_the_services_that_a_method_names_may_call_it(ours: Path, act_as: Act) -> None:
    async with serving(read(ours, "inventory")) as (address, _):
        for name in certificates.NAMES:
            act_as(read(ours, name))
            if name == "booking":
                await unbook(address)
                continue
            with pytest.raises(PeerFailure) as refused:
                await unbook(address)
            nobody = name in ("gateway", "web", "operator")
            assert refused.value.reason == ("UNAUTHENTICATED" if nobody else "PERMISSION_DENIED"), name


async def test_a_user_is_believed_through_the_gateway(ours: Path, act_as: Act) -> None:
    act_as(read(ours, "gateway"))
    token = KEY.sign(forge.right(ID))
    metadata = (("authorization", f"Bearer {token}"),)
    async with serving(read(ours, "inventory")) as (address, _), channel(address, "inventory") as to:
        inventory = inventory_pb2_grpc.InventoryServiceStub(to)
        await inventory.HoldSeats(
            inventory_pb2.HoldSeatsRequest(show_id=ID, show_seat_ids=[ID]), metadata=metadata, timeout=patient(10)
        )
        await catalog_pb2_grpc.CatalogServiceStub(to).GetShow(
            catalog_pb2.GetShowRequest(show_id=ID), timeout=patient(10)
        )


async def test_who_shows_no_certificate_of_ours_is_not_listened_to(ours: Path, foreign: Path, act_as: Act) -> None:
    own, strange = read(ours, "booking"), read(foreign, "booking")
    async with serving(read(ours, "inventory")) as (address, service):
        for certificate in (None, strange, replace(strange, authority=own.authority)):
            await check_nothing_gets_through(address, certificate, act_as)
        assert service.calls == []
        act_as(own)
        await unbook(address)


async def test_a_certificate_that_has_expired_is_none(act_as: Act, tmp_path: Path) -> None:
    certificates.make(tmp_path, now=datetime.now(UTC) - certificates.LIFE - timedelta(days=1))
    with pytest.raises(Failure, match="not now: make another"):
        read(tmp_path, "booking")
    chain, key = ((tmp_path / "booking" / name).read_bytes() for name in ("cert.pem", "key.pem"))
    made = certificates.make(tmp_path)
    assert made == list(certificates.NAMES), "the authority is good still"
    now = read(tmp_path, "booking")
    async with serving(read(tmp_path, "inventory")) as (address, service):
        await check_nothing_gets_through(address, replace(now, chain=chain, key=key), act_as)
        assert service.calls == []
        act_as(now)
        await unbook(address)


async def test_who_knows_the_authority_only_is_not_listened_to(ours: Path) -> None:
    credentials = grpc.ssl_channel_credentials((ours / "booking" / "ca.pem").read_bytes())
    options = [("grpc.ssl_target_name_override", f"inventory{tls.SUFFIX}")]
    async with (
        serving(read(ours, "inventory")) as (address, _),
        grpc.aio.secure_channel(address, credentials, options=options) as to,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await catalog_pb2_grpc.CatalogServiceStub(to).GetShow(
                catalog_pb2.GetShowRequest(show_id=ID), timeout=patient(10)
            )
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_a_server_that_is_not_the_service_that_was_meant_is_told_nothing(
    ours: Path, foreign: Path, act_as: Act
) -> None:
    for certificate in (read(ours, "payment"), read(ours, "gateway"), read(foreign, "inventory"), None):
        async with serving(certificate) as (address, service):
            await check_nothing_gets_through(address, read(ours, "booking"), act_as)
            assert service.calls == []


async def test_several_replicas_are_called_in_turn(ours: Path, act_as: Act) -> None:
    act_as(read(ours, "booking"))
    certificate = read(ours, "inventory")
    async with (
        serving(certificate) as (first, one),
        serving(certificate) as (second, two),
        channel(f"{first},{second}", "inventory") as to,
        asyncio.timeout(patient(20)),
    ):
        while not (one.calls and two.calls):
            await inventory_pb2_grpc.InventoryServiceStub(to).BatchUnbookReservations(UNBOOK, timeout=patient(10))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda own: (own / "ca.pem").unlink(), "TLS_CA_FILE: {}/ca.pem cannot be read: No such file"),
        (lambda own: (own / "ca.pem").write_text("nonsense"), "TLS_CA_FILE: {}/ca.pem holds no certificate in PEM"),
        (lambda own: (own / "cert.pem").write_text(""), "TLS_CERT_FILE: {}/cert.pem holds no certificate in PEM"),
        (lambda own: (own / "key.pem").write_text("x"), "TLS_KEY_FILE: {}/key.pem holds no key in PEM"),
        (
            lambda own: (own / "key.pem").write_bytes((own.parent / "bank" / "key.pem").read_bytes()),
            "TLS_KEY_FILE: {}/key.pem is not the key of the certificate in {}/cert.pem",
        ),
        (
            lambda own: (
                (own / "cert.pem").write_bytes((own / "ca.pem").read_bytes())
                and (own / "key.pem").write_bytes((own.parent / "ca" / "key.pem").read_bytes())
            ),
            "TLS_CERT_FILE: the certificate in {}/cert.pem names no ….boxoffice.internal",
        ),
    ],
)
def test_files_that_are_of_no_use_are_named(tmp_path: Path, spoil: Callable[[Path], Any], complaint: str) -> None:
    certificates.make(tmp_path)
    own = tmp_path / "booking"
    spoil(own)
    with pytest.raises(Failure) as failure:
        read(tmp_path, "booking")
    assert str(failure.value).startswith(complaint.replace("{}", str(own)))
    if (own / "ca.pem").exists() and (own / "ca.pem").read_text() != "nonsense":
        assert certificates.make(tmp_path) == ["booking"], "what is spoilt is made anew"
        assert read(tmp_path, "booking").name == "booking"


def test_a_service_does_not_start_with_anothers_certificate(ours: Path, act_as: Act) -> None:
    act_as(None)
    with pytest.raises(Failure, match=r"is of payment\.boxoffice\.internal, and this is booking"):
        tls.use("booking", read(ours, "payment"))
    assert tls.own is None
    tls.use("booking", read(ours, "booking"))
    assert "PRIVATE" not in repr(tls.own)


def test_certificates_are_for_their_owner_only_and_stay_while_they_are_good(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert certificates.make(folder) == [certificates.AUTHORITY, *certificates.NAMES]
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.relative_to(folder).parent.name for path in files} == {certificates.AUTHORITY, *certificates.NAMES}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_dir()} == {0o700}
    assert certificates.make(folder) == []
    assert {path: path.read_bytes() for path in files} == files
    soon = datetime.now(UTC) + certificates.LIFE - certificates.RENEWED
    assert certificates.make(folder, now=soon) == list(certificates.NAMES)
    late = datetime.now(UTC) + certificates.AUTHORITY_LIFE - certificates.LIFE
    assert certificates.make(folder, now=late) == [certificates.AUTHORITY, *certificates.NAMES]


@pytest.mark.parametrize("harm", [Path.unlink, lambda key: key.write_text("no key")], ids=["gone", "damaged"])
def test_no_new_authority_takes_the_place_of_one_that_is_not_at_hand(
    tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    folder = tmp_path / "made"
    certificates.make(folder)
    harm(folder / certificates.AUTHORITY / "key.pem")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(CertificatesError, match="put it back, or delete"):
        certificates.make(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_command_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "made")])
    assert "made certificates of ca, inventory, booking" in capsys.readouterr().out
    main([str(tmp_path / "made")])
    assert capsys.readouterr().out == "boxoffice: all are good still\n"
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"cannot make certificates in .*/file"):
        main([str(tmp_path / "file")])
