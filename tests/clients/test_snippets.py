"""What READMEs and docs pages tell people to paste runs as it stands there, on a stack where calls take no token."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from boxoffice_client import Client
from boxoffice_client.errors import SeatsUnavailable
from stack.launcher import Stack
from stack.processes import wait_until
from stack.settings import ROOT
from tests.clients.service import NOBODY
from tests.inventory.pictures import picture
from tests.patience import patient
from tests.snippets import Block, blocks, placed, shell, surroundings

SECONDS = patient(60)

WALK = "README.md: API=http://127.0.0.1:8001/api/v1"
OVER_GRPC = "README.md: call() { .venv/bin/buf curl --schema protos --protocol grpc "
WATCH = 'README.md: curl -N "$API/seats/shows/$SHOW/watch?afterSequence=$(curl -'
FREE = "docs/walks.md: API=http://127.0.0.1:8001/api/v1"
CANCELLED = "docs/walks.md: # Bob has paid for a seat on the terrace"
CLIENT = "clients/python/README.md: from uuid import uuid4"
CLIENT_WATCHES = "clients/python/README.md: import time"
CLIENT_PAGES = "clients/python/README.md: from boxoffice_client import Client"
GHZ = "bench/ghz/README.md: .venv/bin/python -m bench.ghz.data"
SANDBOX = (
    "docs/sandbox.md: API=http://127.0.0.1:8001/api/v1",
    "docs/sandbox.md: curl -s $API/payments/simulate/$SESSION -H 'content-type: ap",
    "docs/sandbox.md: curl -s $API/bookings/$BOOKING",
)
METHODS = "docs/sandbox.md: pay() { curl -s $API/payments/simulate/$SESSION -H 'content-"
STUCK = "docs/operations.md: SELECT booking_id, refunds.amount, currency, stuck_reason"
DIFFERING = "docs/operations.md: SELECT * FROM book_differences ORDER BY position;"
CONSUMERS = "docs/operations.md: DELETE FROM topic_progress WHERE consumer = 'NAME' AND topic"
DECIDED = "docs/operations.md: SELECT booking_id, number, amount, percentage, cause, decide"
DISPUTED = "docs/operations.md: SELECT d.id, d.state, d.amount, d.lost_amount, d.respond_by,"
KEPT = "docs/operations.md: SELECT p.gateway, p.currency, l.account, sum(l.amount) FROM "
UNSWEPT = "docs/operations.md: SELECT id, state, lease_until FROM bookings"
CLAIMED = "docs/operations.md: SELECT booking_id, state FROM reservations"
SQL = {
    STUCK: "payment",
    DIFFERING: "payment",
    CONSUMERS: "payment",
    DISPUTED: "payment",
    KEPT: "payment",
    DECIDED: "booking",
    UNSWEPT: "booking",
    CLAIMED: "inventory",
}
"""With the database that each is for."""
IMAGES = 'docs/images.md: curl --data-binary @poster.jpg -H "content-type: image/jpeg"'
CERTIFICATES = "docs/security.md: make certificates DIR=/secure/place"
RUN = {WALK, OVER_GRPC, WATCH, FREE, CANCELLED, CLIENT, CLIENT_WATCHES, CLIENT_PAGES, GHZ, *SANDBOX, METHODS, *SQL}
RUN |= {CERTIFICATES, IMAGES}

LATE = ("pay pm_delay", "pay pm_late", "pay netbanking_late")
"""What would keep the stack busy for twenty minutes; tests/system/test_scenarios_webhooks.py waits less."""

NOT_RUN = {
    "README.md: people ───────── pages (the shop) ─────┐": "a picture",
    "README.md: Boxoffice is running. Ctrl-C stops it.": "what is printed",
    "docs/architecture.md: sender's transaction": "a picture",
    "docs/architecture.md: topic of bookings": "a picture",
    "README.md: make run": "tests/stack/test_verbs.py",
    "README.md: make test": "this",
    "docs/check-in.md: from pathlib import Path": "tests/booking/test_door_lists.py",
    "README.md: TOKEN=…": "takes AUTH=on: tests/system/test_snippets.py",
    'README.md: TOKEN=$(.venv/bin/python -m stack token "$ALICE" --minutes 6': "the same",
    'docs/images.md: curl --data-binary @poster.jpg -H "content-type: image/jpeg"': "tests/system/test_images.py",
    "bench/README.md: make bench": "takes its time: tests/bench/test_smoke.py",
    "bench/ghz/README.md: .venv/bin/python -m bench.ghz.data http://gateway.example:80": "takes ghz",
    'bench/ghz/README.md: OWN="--no-insecure --cacert data/tls/operator/ca.pem --cert ': "takes ghz",
    "docs/openapi.md: .venv/bin/schemathesis run http://127.0.0.1:8001/api/openapi": "takes minutes: tests/fuzz",
    "docs/operations.md: ALTER ROLE inventory SET lock_timeout = 2000;": "for the databases of others",
    "bench/ghz/README.md: export BOXOFFICE_TOKEN=$(.venv/bin/python -m stack token 000": "test_examples.py",
    "examples/README.md: export BOXOFFICE_TOKEN=$(.venv/bin/python -m stack token $(p": "the same",
    "docs/operations.md: docker compose exec booking python -m services.booking redri": "takes containers",
    "docs/operations.md: docker compose exec payment python -m services.payment redri": "takes containers",
    "docs/operations.md: make backup FILE=boxoffice.tar.gz": "tests/operations/test_backup.py",
    "docs/operations.md: docker compose exec -T postgres sh -c 'PGPASSWORD=$POSTGRES_": "takes containers",
    "docs/operations.md: docker compose run --rm --no-deps -T --entrypoint tar invent": "takes containers",
    'docs/security.md: TLS="-cacert data/tls/operator/ca.pem -cert data/tls/operato': "takes grpcurl",
}
"""Why a block is not run here, or where else that is tried."""


@pytest.fixture(scope="module")
def found() -> dict[str, Block]:
    return blocks()


def test_every_block_is_run_or_says_why_not(found: dict[str, Block]) -> None:
    assert set(found) == RUN | set(NOT_RUN)


def test_every_block_for_a_shell_or_for_python_can_be_read_by_it(found: dict[str, Block]) -> None:
    for name, block in found.items():
        if block.language == "python":
            compile(block.text, name, "exec")
        elif block.language != "sql" and NOT_RUN.get(name) not in ("a picture", "what is printed"):
            subprocess.run(["bash", "-n", "-c", block.text], check=True)


def test_the_walk_and_the_same_over_grpc(stack: Stack, found: dict[str, Block]) -> None:
    output = shell(stack, f"{found[WALK].text}\necho over gRPC\n{found[OVER_GRPC].text}").stdout
    over_rest, _, over_grpc = output.partition("over gRPC\n")
    # Each answer ends with a line's end.
    held, refused, paid, ticket, refund, seats = over_rest.splitlines()
    assert json.loads(held)["expiresIn"] >= 290
    assert "SEATS_UNAVAILABLE" in refused
    assert json.loads(paid)["status"] == "CAPTURED"
    assert json.loads(ticket)["status"] == "CONFIRMED"
    assert json.loads(refund)["refundPercentage"] == 100
    assert "'available': " in seats
    assert re.findall(r'"status": ?"([A-Z]+)"', over_grpc)[-2:] == ["SUCCESS", "REFUNDED"]


def test_the_walks_of_a_free_booking_and_of_a_show_that_is_cancelled(stack: Stack, found: dict[str, Block]) -> None:
    told = shell(stack, f"{found[FREE].text}\n{found[CANCELLED].text}").stdout.splitlines()
    assert told == [
        "CONFIRMED 0 False",
        "CAPTURED",
        "CONFIRMED",
        "2 [{'currency': 'INR', 'amount': '50000', 'bookings': 2}]",
        "CANCELLATION_CHANGED",
        "SWEEPING",
        "DONE 2",
        "REFUNDED 50000",
    ]


def test_seats_are_watched(stack: Stack, found: dict[str, Block]) -> None:
    with running(["bash", "-c", f'{found[WALK].text}\necho "SHOW $SHOW"\n{found[WATCH].text}'], stack) as lines:
        assert wait_until(lambda: bool(re.findall("^SHOW (.+)$", "".join(lines), re.MULTILINE)), SECONDS), lines
        [show] = re.findall("^SHOW (.+)$", "".join(lines), re.MULTILINE)
        assert sees_changes(stack, show, lines, "data: "), lines


def test_the_clients_first_purchase(stack: Stack, found: dict[str, Block]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", placed(found[CLIENT].text, stack)],
        env=surroundings(stack),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"pay at {stack.public_url}/api/v1/payments/fake-checkout/sess_")


def test_the_client_watches_seats(stack: Stack, found: dict[str, Block]) -> None:
    command = [sys.executable, "-u", "-c", placed(found[CLIENT_WATCHES].text, stack)]
    with Client(stack.public_url) as boxoffice, running(command, stack) as lines:
        assert sees_changes(stack, boxoffice.list_shows().shows[0].id, lines, "sequence: "), lines


def test_the_client_reads_a_hall_by_pages(stack: Stack, found: dict[str, Block]) -> None:
    command = placed(found[CLIENT_PAGES].text, stack) + '\nprint("read", len(seats), page.summary.total, known)\n'
    done = subprocess.run(
        [sys.executable, "-c", command], env=surroundings(stack), capture_output=True, text=True, timeout=SECONDS
    )
    assert (done.returncode, done.stderr) == (0, "")
    word, seats, total, _ = done.stdout.split()
    assert word == "read" and seats == total != "0"


def test_data_is_made_for_ghz(stack: Stack, found: dict[str, Block]) -> None:
    lines = [line for line in found[GHZ].text.splitlines() if not line.startswith("ghz ")]
    assert "build/ghz" in shell(stack, "\n".join(lines), BOXOFFICE_URL=stack.public_url).stdout


def test_the_sandbox_pays(stack: Stack, found: dict[str, Block]) -> None:
    script = "\necho\n".join(found[name].text for name in SANDBOX)
    alice, booking = book(stack)
    _, paid, ticket = shell(stack, script, ALICE=alice, BOOKING=booking).stdout.split("\n")
    assert json.loads(paid)["status"] == "CAPTURED"
    assert json.loads(ticket)["id"] == booking


def methods() -> list[str]:
    lines = [line for line in blocks()[METHODS].text.splitlines() if line.startswith("pay ")]
    return [line for line in lines if line not in LATE]


@pytest.mark.parametrize("method", methods())
def test_the_sandbox_has_every_method(stack: Stack, found: dict[str, Block], method: str) -> None:
    pay = next(line for line in found[METHODS].text.splitlines() if line.startswith("pay()"))
    alice, booking = book(stack)
    script = "\n".join([found[SANDBOX[0]].text, pay, method])
    session = json.loads(shell(stack, script, ALICE=alice, BOOKING=booking).stdout)
    assert session["paymentMethod"] == method.split()[1]


def test_what_is_asked_of_databases_is_understood(stack: Stack, found: dict[str, Block]) -> None:
    for block, database in SQL.items():
        with stack.server.connect(database) as connection:
            connection.execute(found[block].text.replace("…", NOBODY).encode())


def test_an_image_is_uploaded_put_in_order_and_deleted(stack: Stack, found: dict[str, Block], tmp_path: Path) -> None:
    (tmp_path / "poster.jpg").write_bytes(picture())
    upload, order, delete = found[IMAGES].text.replace("@poster.jpg", f"@{tmp_path}/poster.jpg").splitlines()
    with Client(stack.public_url) as boxoffice:
        given = {"API": f"{stack.public_url}/api/v1", "EVENT": boxoffice.list_events().events[0].id}
    image = json.loads(shell(stack, upload, **given).stdout)["id"]
    ordered = json.loads(shell(stack, order.replace('"…", "…"', f'"{image}"'), **given).stdout)
    assert [each["id"] for each in ordered["images"]] == [image]
    assert json.loads(shell(stack, delete, IMAGE=image, **given).stdout)["images"] == []


def test_certificates_are_made(stack: Stack, found: dict[str, Block], tmp_path: Path) -> None:
    shell(stack, found[CERTIFICATES].text.replace("/secure/place", str(tmp_path / "place")))
    assert (tmp_path / "place" / "booking" / "cert.pem").exists()


def book(stack: Stack, show: str = "") -> tuple[str, str]:
    """Book the first seat that is free; return the user and the booking."""
    user = str(uuid4())
    with Client(stack.public_url) as boxoffice:
        show = show or stack.demo.shows[-1].id
        while True:
            [seat, *_] = boxoffice.list_available_seats(show_id=show).seats
            try:
                return user, boxoffice.create_booking(user_id=user, show_id=show, show_seat_ids=[seat.id]).id
            except SeatsUnavailable:
                continue


def sees_changes(stack: Stack, show: str, lines: list[str], sign: str) -> bool:
    """Let a seat of a show change until a line begins with `sign`: nobody tells when a watcher has begun to watch."""
    user = str(uuid4())
    with Client(stack.public_url) as boxoffice:
        [seat, *_] = boxoffice.list_available_seats(show_id=show).seats

        def has_changed() -> bool:
            boxoffice.hold_seats(user_id=user, show_id=show, show_seat_ids=[seat.id])
            boxoffice.release_holds(user_id=user, show_id=show)
            return any(line.startswith(sign) for line in lines)

        return wait_until(has_changed, SECONDS)


@contextmanager
def running(command: list[str], stack: Stack) -> Iterator[list[str]]:
    """Run what does not end by itself; give what it says, line by line as it comes."""
    lines: list[str] = []
    process = subprocess.Popen(
        [placed(part, stack) for part in command],
        cwd=ROOT,
        env=surroundings(stack),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    add: Callable[[str], None] = lines.append
    reader = threading.Thread(target=lambda: [add(line) for line in process.stdout or ()], daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()
        process.stdout.close()
