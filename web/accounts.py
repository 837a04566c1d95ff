"""Who somebody is: sign in, register, sign out, the profile."""

from __future__ import annotations

import logging

from aiohttp import web

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import EmailTaken, FailedPrecondition, InvalidField, LoginFailed
from web.failures import words
from web.languages import _
from web.paths import own
from web.visits import VISIT, Visit

log = logging.getLogger(__name__)

routes = web.RouteTableDef()


@routes.get("/login")
async def ask_login(request: web.Request) -> web.StreamResponse:
    """Show the page where one signs in."""
    visit: Visit = request[VISIT]
    return visit.page("login.html", next=own(request.query.get("next")), email="", wrong="")


@routes.post("/login")
async def login(request: web.Request) -> web.StreamResponse:
    """Sign in, and go on to where the visitor was."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    following, email = own(form.get("next")), form.get("email", "").strip()
    try:
        tokens = await visit.services.login(email=email, password=form.get("password", ""))
    except (LoginFailed, InvalidField):
        wrong = _("No account has this e-mail address and password.")
        return visit.page("login.html", 401, next=following, email=email, wrong=wrong)
    visit.sign_in(tokens)
    raise web.HTTPSeeOther(following)


@routes.get("/forgot-password")
async def ask_reset(request: web.Request) -> web.StreamResponse:
    """Show the page where one asks for a new password."""
    visit: Visit = request[VISIT]
    return visit.page("forgot-password.html", email="", wrong="", is_asked=False)


@routes.post("/forgot-password")
async def reset(request: web.Request) -> web.StreamResponse:
    """Have a link to a new password mailed; whether there is such an account is not told."""
    visit: Visit = request[VISIT]
    email = (await visit.form()).get("email", "").strip()
    try:
        await visit.services.request_password_reset(email=email)
    except InvalidField as error:
        return visit.page("forgot-password.html", 400, email=email, wrong=words(error), is_asked=False)
    return visit.page("forgot-password.html", email=email, wrong="", is_asked=True)


@routes.get("/register")
async def ask_register(request: web.Request) -> web.StreamResponse:
    """Show the page where one makes an account."""
    visit: Visit = request[VISIT]
    return visit.page("register.html", next=own(request.query.get("next")), email="", name="", wrong="")


@routes.post("/register")
async def register(request: web.Request) -> web.StreamResponse:
    """Make an account and sign in."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    following, email, name = own(form.get("next")), form.get("email", "").strip(), form.get("name", "").strip()
    password = form.get("password", "")
    try:
        await visit.services.register(email=email, password=password, name=name)
        tokens = await visit.services.login(email=email, password=password)
    except (EmailTaken, InvalidField, LoginFailed) as error:
        said = {"next": following, "email": email, "name": name, "wrong": words(error)}
        return visit.page("register.html", 409 if isinstance(error, EmailTaken) else 400, **said)
    visit.sign_in(tokens)
    await keep_language(visit, visit.language, reminders=True)
    raise web.HTTPSeeOther(following)


async def keep_language(visit: Visit, language: str, *, reminders: bool | None = None) -> None:
    """Have the visitor's mails written in a language, where this can be kept now; `reminders` None: as they were."""
    services = visit.services.with_options(token=visit.session.access_token or None)
    try:
        if reminders is None:
            reminders = (await services.get_preferences(user_id=visit.user_id)).reminders
        await services.set_preferences(user_id=visit.user_id, language=language, reminders=reminders)
    except BoxofficeError as error:
        log.warning("the language of a user's mails is not kept: %s", error.reason)


@routes.post("/logout")
async def logout(request: web.Request) -> web.StreamResponse:
    """Sign out: the tokens end, and the browser forgets them."""
    visit: Visit = request[VISIT]
    await visit.form()
    if visit.session.refresh_token:
        try:
            await visit.services.logout(refresh_token=visit.session.refresh_token)
        except BoxofficeError as error:
            log.warning("tokens live on until they expire, as they could not be ended: %s", error.reason)
    visit.sign_out()
    raise web.HTTPSeeOther("/")


@routes.get("/profile")
async def profile(request: web.Request) -> web.StreamResponse:
    """Show the visitor's account."""
    visit: Visit = request[VISIT]
    visit.need_user()
    user = await visit.services.get_profile()
    said = {"is_saved": "saved" in request.query, "is_asked": "asked" in request.query}
    return visit.page("profile.html", user=user, wrong="", **said)


@routes.post("/profile")
async def change_profile(request: web.Request) -> web.StreamResponse:
    """Change name and phone."""
    visit: Visit = request[VISIT]
    visit.need_user()
    form = await visit.form()
    try:
        await visit.services.update_profile(name=form.get("name", "").strip(), phone=form.get("phone", "").strip())
    except InvalidField as error:
        user = await visit.services.get_profile()
        return visit.page("profile.html", 400, user=user, wrong=words(error), is_saved=False, is_asked=False)
    raise web.HTTPSeeOther("/profile?saved=1")


@routes.post("/profile/verification")
async def verification(request: web.Request) -> web.StreamResponse:
    """Have a link mailed that verifies the visitor's e-mail address."""
    visit: Visit = request[VISIT]
    visit.need_user()
    await visit.form()
    await visit.services.request_email_verification()
    raise web.HTTPSeeOther("/profile?asked=1")


@routes.get("/profile/delete")
async def ask_deletion(request: web.Request) -> web.StreamResponse:
    """Show what is deleted with an account, and ask for the password."""
    visit: Visit = request[VISIT]
    visit.need_user()
    return visit.page("delete-account.html", wrong="")


@routes.post("/profile/delete")
async def delete(request: web.Request) -> web.StreamResponse:
    """Delete the visitor's account, and sign out."""
    visit: Visit = request[VISIT]
    visit.need_user()
    password = (await visit.form()).get("password", "")
    try:
        await visit.services.delete_account(password=password)
    except (FailedPrecondition, InvalidField) as error:
        return visit.page("delete-account.html", 409, wrong=words(error))
    visit.sign_out()
    raise web.HTTPSeeOther("/")
