"""Requests of members of organizations, and of files: right ones, for the tests of what is wrong with others."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from gateway.openapi.examples import BODIES
from stack.accounts import email
from tests.inventory.pictures import picture
from tests.system.client import Json

LEAVE = "LeaveOrganization"
TAKE_NOTHING = (LEAVE, "RequestEmailVerification")

HAVE_BODIES = {
    *("ReceiveWebhook", "ReceiveRazorpayWebhook", "Logout", "UpdateProfile", "DeactivateCoupon", *TAKE_NOTHING),
    *("UpdateEvent", "PublishEvent", "UpdateVenue", "UpdateShow", "SetEmailVerified", "SubmitAccountForm"),
    *("RotateWebhookSecret", "EnableWebhookEndpoint", "DisableWebhookEndpoint"),
}
"""Methods for which no body, or an empty one, is a right one too."""

FILES = {
    "UploadHall": b'{"format": "boxoffice-hall/1", "name": "Twin", "sections": '
    b'[{"name": "Stalls", "rows": [{"label": "A", "seatCount": 1}]}]}',
    "UploadImage": picture("PNG", (4, 4)),
    "Unsubscribe": b"List-Unsubscribe=One-Click",
}
"""What is the body of a request to a method that takes a file: the rest of it is in the query."""


def over_rest(name: str, verb: str, body: Json | None) -> dict[str, Any]:
    """Return what httpx is told of a request to a method: its query, and its body."""
    if name in FILES:
        return {"params": body, "content": FILES[name]}
    return {"params": body} if verb in ("GET", "DELETE") else {"json": body}


def samples_of_messages(user: str) -> dict[str, tuple[Json, Json | None]]:
    """Return samples of what a user has and is told, as `samples_of_organizations` does."""
    asked = ("ListHolds", "ListNotices", "CountUnreadNotices", "GetPreferences", "SetPreferences")
    links = dict.fromkeys(("GetUnsubscribePage", "Unsubscribe"), ({"token": "A" * 44}, None))
    return {**dict.fromkeys(asked, ({}, {"userId": user})), **links}


def samples_of_organizations(
    organization_id: str, member_id: str, endpoint_id: str
) -> dict[str, tuple[Json, Json | None]]:
    """Return them by method: values for its path's variables, and a body. The member is the demo user."""
    path, member = {"organization_id": organization_id}, {"memberId": member_id}
    return {
        "AddMember": (path, {"email": email("user"), "role": "BOX_OFFICE"}),
        "SetMemberRole": (path, member | {"role": "BOX_OFFICE"}),
        "RemoveMember": (path, member),
        LEAVE: (path, None),
        **_samples_of_webhooks(organization_id, endpoint_id),
    }


def a_url() -> str:
    """Return a URL that no endpoint has yet, of a host that nobody can have."""
    return f"https://hooks.lantern.example/{uuid4()}"


def _samples_of_webhooks(organization_id: str, endpoint_id: str) -> dict[str, tuple[Json, Json | None]]:
    endpoint = BODIES["UpdateWebhookEndpoint"] | {"url": a_url()}
    whose = {"organizationId": organization_id}
    return {
        "CreateWebhookEndpoint": ({}, endpoint | whose),
        "UpdateWebhookEndpoint": ({"endpoint_id": endpoint_id}, endpoint),
        **dict.fromkeys(("ListWebhookEndpoints", "ListWebhookMessages"), ({}, whose)),
    }


def samples_of_account_mails(unknown: str) -> dict[str, tuple[Json, Json | None]]:
    """Return them by method: no link is good, and no address has an account."""
    return {
        "RequestEmailChange": ({}, {"email": f"{unknown}@example.com", "password": "not the password"}),
        "VerifyEmail": ({}, {"token": unknown}),
        "RequestPasswordReset": ({}, {"email": f"{unknown}@example.com"}),
        "ResetPassword": ({}, {"token": unknown, "newPassword": "correct horse"}),
        "GetAccountPage": ({}, {"token": unknown}),
    }
