"""What pages show to whom: by the roles of the visitor's token, and the organization in the address."""

from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from web.claims import NOBODY, Claims, claims
from web.failures import Failed
from web.office import acting
from web.office.acting import Acting

OURS, THEIRS = "0a000000-0000-4000-8000-000000000001", "0b000000-0000-4000-8000-000000000002"


def visit(path: str = "/organizer/bookings", *roles: str, **memberships: str) -> Any:
    named = {{"ours": OURS, "theirs": THEIRS}[name]: role for name, role in memberships.items()}
    return SimpleNamespace(
        request=make_mocked_request("GET", path),
        claims=Claims(frozenset(roles), named),
        need_user=lambda: "somebody",
        organization_id="",
    )


def test_roles_are_read_of_the_token() -> None:
    token = jwt.encode({"roles": ["USER", "ADMIN"], "organizations": {OURS: "OWNER"}}, "k" * 32, algorithm="HS256")
    said = claims(token)
    assert said.is_admin and said.organizes and said.memberships == {OURS: "OWNER"}
    assert claims("") == claims("no.token.x") == NOBODY and not NOBODY.organizes


def test_whoever_is_in_several_organizations_acts_for_the_one_in_the_address() -> None:
    several = {"ours": "DOOR", "theirs": "OWNER"}
    assert acting.acting(visit("/x", **several)) == Acting(OURS, "DOOR")
    assert acting.acting(visit(f"/x?organization={THEIRS}", **several)) == Acting(THEIRS, "OWNER")


def test_nobody_acts_for_another_organization_but_admins() -> None:
    with pytest.raises(Failed, match="not yours"):
        acting.acting(visit(f"/x?organization={THEIRS}", ours="OWNER"))
    with pytest.raises(web.HTTPSeeOther):
        acting.acting(visit("/x", "ORGANIZER"))
    assert acting.acting(visit(f"/x?organization={THEIRS}", "ADMIN")).may(acting.CHANGE_TEAM)
    assert acting.acting(visit("/x", "ADMIN")).organization_id == ""


def test_a_refusal_says_who_may() -> None:
    Acting(OURS, "MANAGER").need(acting.REFUND, "refund")
    with pytest.raises(Failed) as refused:
        Acting(OURS, "BOX_OFFICE").need(acting.REFUND, "refund")
    assert "Owner and Manager may refund" in refused.value.text and "yours is Box office" in refused.value.text


def test_links_are_those_that_the_role_may_follow() -> None:
    def names(role: str) -> list[str]:
        return [name for name, _, _ in acting.links(visit("/organizer/coupons", ours=role))]

    everything = ["Dashboard", "Bookings", "Guests and blocks", "Coupons", "Team", "Gates", "Webhooks"]
    assert names("OWNER") == names("MANAGER") == everything
    assert names("BOX_OFFICE") == ["Dashboard", "Bookings", "Guests and blocks"]
    assert names("FINANCE") == ["Dashboard", "Bookings"] and names("DOOR") == ["Dashboard", "Gates"]
    here = {name: (link, is_here) for name, link, is_here in acting.links(visit("/organizer/coupons", ours="OWNER"))}
    seen = visit("/organizer/bookings/1", ours="OWNER", theirs="OWNER")
    acting.acting_for(seen, THEIRS)  # whose booking it is
    assert {link.partition("organization=")[2] for _, link, _ in acting.links(seen)} == {THEIRS}
    assert here["Coupons"] == (f"/organizer/coupons?organization={OURS}", True) and not here["Team"][1]
