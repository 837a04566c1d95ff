"""The pages of admins: accounts and their roles."""

from __future__ import annotations

import html
import re
from uuid import uuid4

from stack import accounts
from stack.launcher import Stack
from tests.web.conftest import PASSWORD, Visitor, visiting
from tests.web.officers import officer, sign_in


def test_an_admin_finds_an_account_and_makes_an_organizer_of_it(stack: Stack, visitor: Visitor) -> None:
    email = visitor.register()
    for path in ("/admin", "/admin/users", "/admin/refunds", f"/admin/organization?organization={uuid4()}"):
        assert "This is for admins" in visitor.get(path, 403)
    assert visitor.send(f"/admin/users/{uuid4()}", visitor.get("/profile"), role="ADMIN").status_code == 403
    with officer(stack, "admin") as admin:
        assert "There are none" in admin.get("/admin/refunds")
        again = admin.send("/admin/refunds", admin.get("/admin/users"), refund=str(uuid4()))
        assert again.status_code == 303 and "tried again" in admin.get(again.headers["location"])
        assert "Accounts" in admin.get("/admin") and email in admin.get("/admin/users")
        assert 'href="/admin"' in admin.get("/") and 'href="/admin"' not in visitor.get("/")

        def found(asked: str) -> str:
            return admin.send("/admin/users/search", admin.get("/admin/users"), email=asked).text

        assert "No account has" in found(f"{uuid4()}@example.com")
        page = found(email)
        [user] = re.findall(r'action="/admin/users/([0-9a-f-]{36})"', page)[:1]
        assert "not verified" in page and "checked" not in page
        done = admin.send(f"/admin/users/{user}", page, do="roles", role="ORGANIZER")
        assert done.status_code == 303 and "Changed" in admin.get(done.headers["location"])
        assert admin.send(f"/admin/users/{user}", page, do="verified").status_code == 303
        page = found(email)
        assert page.count("checked") == 1 and "not verified" not in page
        # Nobody would be an admin any more.
        page = found(accounts.email("admin"))
        [mine] = re.findall(r'action="/admin/users/([0-9a-f-]{36})"', page)[:1]
        last = admin.send(f"/admin/users/{mine}", page, do="roles")
        assert last.status_code == 409 and 'role="alert"' in last.text and accounts.email("admin") in last.text
    sign_in(visitor, email, PASSWORD)
    assert "Organize" in visitor.get("/")


def test_an_admin_opens_the_office_of_an_organization(stack: Stack) -> None:
    with officer(stack) as owner:
        [organization] = set(
            re.findall(r"organization=([0-9a-f-]{36})", html.unescape(owner.get("/organizer/coupons")))
        )
    with officer(stack, "admin") as admin, visiting(stack) as stranger:
        led = admin.http.get(f"/admin/organization?organization={organization}").headers["location"]
        assert led == f"/organizer/bookings?organization={organization}"
        assert "Bookings" in admin.get(led)
        assert "Demo organizers" in admin.get(f"/organizer/team?organization={organization}")
        assert "has no members" in admin.get("/organizer/team")
        admin.get("/admin/organization?organization=x", 400)
        assert stranger.http.get("/admin").headers["location"].startswith("/login?next=")
