"""A method of the contracts is in each file where a method has to be; what fails here says in which it is missing.

`make test T=tests/test_methods.py` after a change of the contracts: it needs nothing that runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import roster
from audit.invariants.keys import ANSWERED_ABOUT, COUNTED
from boxoffice_client import errors
from boxoffice_client.methods import Method as ClientMethod
from boxoffice_client.methods import Methods, Stream
from gateway.openapi.examples import BODIES
from gateway.replies import REPLIES
from tests.cases import all_cases
from tests.gateway.fakes import METHODS, PUBLIC
from tests.reasons import failures
from tests.system.mutations import HARMLESS, KEYED, MUTATIONS, takes_key

PLAYS = "tests/faults/operations.py"
PLAYS_OF_REFUNDS = "tests/faults/refund_operations.py"
PLAYS_OF_RESCHEDULES = "tests/faults/reschedule_operations.py"
PLAYS_OF_DOORS = "tests/faults/door_operations.py"
PLAYS_OF_AREAS = "tests/faults/area_operations.py"
PYTHON_CLIENT = "clients/python/boxoffice_client"

NOT_FOR_PROGRAMS = {
    "ReceiveWebhook",
    "ReceiveRazorpayWebhook",
    "ReturnFromRazorpay",
    "GetCheckoutPage",
    "GetUnsubscribePage",
    "Unsubscribe",
    "GetPaymentResultPage",
    "GetAccountPage",
    "SubmitAccountForm",
    "ExportBookings",
    "ExportInvoices",
    "ExportAccount",
    "ExportHall",
    "GetImageFile",
    "GetJwks",
    "GetTicketKeys",
    "RenderCalendar",
    "RenderInvoice",
    "RenderTicketCode",
    "RenderTickets",
    "RenderSeatMap",
    "RenderAvailableSeats",
    "StreamBooking",
    "StreamSeats",
}
"""What the Python client leaves out: webhooks, what is for browsers and spreadsheets, and keys for services."""

WITH_KEY = {name for name, method in MUTATIONS.items() if takes_key(method)}


def same(file: str, found: Iterable[str], wanted: Iterable[str]) -> None:
    """Fail, naming the file, where two sets of names differ."""
    missing, too_many = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    assert not missing, f"{file} lacks {', '.join(missing)}"
    assert not too_many, f"{file} has {', '.join(too_many)}, which is not in the contracts"


def test_every_method_is_served() -> None:
    with all_cases() as case:
        for method in METHODS.values():
            folder, name = roster.named(method.cluster).folder, method.descriptor.name
            with case(method.path):
                handler = re.compile(rf"def {name}\(\s*self, request")
                served = any(handler.search(file.read_text()) for file in folder.rglob("*.py"))
                assert served, f"no rpc.py of {folder.relative_to(roster.ROOT)} has {name}(self, request, context)"


def test_every_public_method_is_in_the_python_client() -> None:
    found = [method for method in vars(Methods).values() if isinstance(method, ClientMethod | Stream)]
    public = {method.path for method in PUBLIC if method.descriptor.name not in NOT_FOR_PROGRAMS}
    same(f"{PYTHON_CLIENT}/methods.py", {method.path for method in found}, public)


def test_every_method_with_a_body_has_an_example_of_it() -> None:
    with_body = {
        method.descriptor.name
        for method in PUBLIC
        if any(verb in ("POST", "PUT", "PATCH") for verb, _ in method.bindings)
    }
    files = {
        "ReceiveWebhook",
        "ReceiveRazorpayWebhook",
        "SubmitAccountForm",
        "UploadHall",
        "UploadImage",
        "Unsubscribe",
    }
    same("gateway/openapi/examples.py", BODIES, with_body - files)


def test_every_mutation_is_asked_for_twice() -> None:
    same("KEYED of tests/system/mutations.py", KEYED, WITH_KEY)
    same("HARMLESS of tests/system/mutations.py", HARMLESS, MUTATIONS.keys() - WITH_KEY)


WITHOUT_PLAY = {
    "CreateEvent": "CreateMovie's, which is the same operation",
    "CreateVenue": "one row, like CreateMovie",
    "BookGuests": "CreateBooking's, by the way of free ones",
    "CreateAccessCode": "one row, like CreateMovie, under the show's lock",
    "CreateGate": "one row, like CreateMovie",
    "CreateCoupon": "one row, like CreateMovie; the uses are in create_booking's play",
    "AddSection": "rows of one hall under its venue's lock, as CreateScreen writes them",
    "ImportHall": "CreateScreen's, which is the same operation",
    "CreateOrganization": "accounts have no part in what the grid is about: seats and money",
    "Register": "accounts have no part in what the grid is about: seats and money",
}
"""Methods with a key that the grid does not break, and why."""


def plays() -> Iterator[tuple[str, str]]:
    """Yield verb and path of what the plays of the grid ask for; what is filled in is {}."""
    files = (PLAYS, PLAYS_OF_REFUNDS, PLAYS_OF_RESCHEDULES, PLAYS_OF_AREAS, PLAYS_OF_DOORS)
    trees = [ast.parse((roster.ROOT / file).read_text()) for file in files]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send":
            verb, path = (re.sub(r"^f?['\"]|['\"]$", "", ast.unparse(each)) for each in node.args[:2])
            yield verb, "/api/v1/" + re.sub("{[^}]*}", "{}", path)


def test_every_mutation_with_a_key_is_broken_at_every_point() -> None:
    played = set(plays())
    bindings = {
        name: {(verb, re.sub("{[^}]*}", "{}", path)) for verb, path in MUTATIONS[name].bindings} for name in WITH_KEY
    }
    same(PLAYS, {name for name in WITH_KEY if bindings[name] & played} | WITHOUT_PLAY.keys(), WITH_KEY)


def test_the_audit_knows_what_every_answer_of_inventory_is_about() -> None:
    known = [name for methods in (*ANSWERED_ABOUT.values(), (COUNTED,)) for name in methods]
    same("audit/invariants/keys.py", known, {name for name in WITH_KEY if MUTATIONS[name].cluster == "inventory"})


def test_every_reason_has_its_class_in_the_python_client() -> None:
    reasons = {kind.reason for kind in failures()} | {reply.reason for reply in REPLIES}
    # Verbs and kinds of bodies are REST's.
    same(f"{PYTHON_CLIENT}/reasons.py", errors.BY_REASON, reasons - {"VERB_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE"})
