"""Check-in at the door: one page for who lets people in, which works without a connection, too.

The page calls the API by itself, with its gate's credential. The shop only hands out the page and its files. Both are
the same for everybody, and say nothing of who is signed in.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json

from aiohttp import web

from web.languages import FOLDER as CATALOGUES
from web.languages import N_, _, language
from web.pages import FOLDER, NAMES
from web.visits import HEADERS, POLICY, VISIT, Visit

PATH = "/check-in"
WORKER = f"{PATH}/service-worker.js"
READER = f"{PATH}/reader.js"
"""A worker is answered by the service worker in whose scope its address is; so it is below the page's."""

PARTS = (
    "api.js",
    "camera.js",
    "door.css",
    "gate.js",
    "keeper.js",
    "page.js",
    "reader.js",
    "rules.js",
    "signals.js",
    "store.js",
    "words.js",
)
FILES = ("icon.svg", "site.css", "vendor/jsQR.js", *(f"door/{name}" for name in PARTS))
"""What the page consists of, beside itself."""

ADDRESSES = {name: f"/assets/{name}" for name in FILES} | {"door/reader.js": READER}

OWN_HEADERS = {
    "content-security-policy": f"{POLICY}; worker-src 'self'",
    "permissions-policy": HEADERS["permissions-policy"].replace("camera=()", "camera=(self)"),
    "cache-control": "no-cache",
}
"""The camera is for this page alone."""

RESULTS = {
    "ADMITTED": ("good", "✓", N_("Come in"), ""),
    "ALREADY_USED": ("bad", "✕", N_("Already used"), N_("This ticket has let somebody in before.")),
    "REVOKED": ("bad", "✕", N_("Given back"), N_("The seat of this ticket was given back.")),
    "OTHER_SHOW": ("bad", "✕", N_("Another show"), N_("This ticket is for another show.")),
    "TOO_EARLY": ("warn", "!", N_("Too early"), N_("The doors are not open yet.")),
    "SHOW_OVER": ("bad", "✕", N_("Show is over"), ""),
    "UNKNOWN_CODE": ("bad", "✕", N_("No ticket"), N_("This is no ticket of this show.")),
    "CODE_REPLACED": ("bad", "✕", N_("Old code"), N_("The ticket has another code by now: ask for the newest.")),
    "OTHER_GATE": ("warn", "→", N_("Another gate"), N_("This ticket lets in at another gate.")),
    "SHOW_CANCELLED": ("bad", "✕", N_("Show is cancelled"), ""),
    "LIST_TOO_OLD": (
        "warn",
        "!",
        N_("Not now"),
        N_("There is no connection, and no door list that is new enough. Nobody can be let in."),
    ),
    "ERROR": ("warn", "!", N_("Not checked"), N_("This could not be checked. Scan it again.")),
}
"""By what a scan came to: its mood, its sign, its words, and what to say."""

WORDS = {
    "online": N_("● Online"),
    "offline": N_("◌ Offline"),
    "used": N_("Used at {gate} at {time}."),
    "go": N_("Please go to {gate}."),
    "opens": N_("The doors open at {time}."),
    "signed": N_("The code is genuine, but not on this list: for another show, given back, or newer than the list."),
    "forged": N_("The code bears no signature of ours."),
    "judged": N_("Judged without a connection."),
    "of": N_("{admitted} of {expected}"),
    "old": N_("too old"),
    "none": N_("none"),
    "until": N_("{minutes} min old, good until {time}"),
    "noList": N_("not needed"),
    "start": N_("Start the camera"),
    "stop": N_("Stop the camera"),
    "noCamera": N_("This browser gives no camera here. Type the ticket's text instead."),
    "refusedCamera": N_("The camera was refused. Allow it for this page, or type the ticket's text."),
    "badCredential": N_("This credential is not good, or not any more. Ask whoever made the gate."),
    "noConnection": N_("There is no connection. A shift begins with one."),
    "insecure": N_("This page needs https to read and to keep tickets."),
    "twice": N_("Check-in is open in another tab of this browser. Close that one first."),
    "noShows": N_("This gate has no show to come."),
    "unsent": N_(
        "Scans that are not sent yet: {count}. If the shift ends now, they are lost: their tickets let in again."
    ),
    "ended": N_("The shift has ended. Nothing is kept on this device."),
    "over": N_("This gate was revoked, or has ended."),
    "full": N_("Too many scans wait on this device. It needs a connection before it reads more."),
    "notKept": N_("Without a connection this page cannot be loaded again in this browser. Do not close it."),
    "ready": N_("Ready"),
    "show": N_("Show a ticket to the camera."),
    "noStore": N_("This browser keeps nothing for this page, as in a private window. Open the page in one that does."),
    "conflict": "{seat}: {result}",
}
"""What the page says by itself."""

routes = web.RouteTableDef()


@routes.get(PATH)
async def check_in(request: web.Request) -> web.StreamResponse:
    """Show the page; a gate's credential may be in the address behind #, which no server gets."""
    visit: Visit = request[VISIT]
    response = visit.page("check-in.html", version=_version(), words=_words())
    response.headers.update(OWN_HEADERS)
    return response


@routes.get(WORKER)
async def service_worker(request: web.Request) -> web.StreamResponse:
    """Return what keeps the page and its files in a browser."""
    digests = files()[1]
    known = [{"url": ADDRESSES[name], "integrity": digest} for name, digest in digests.items()]
    kept = json.dumps({"version": _version(), "page": PATH, "files": known}, separators=(",", ":"))
    text = (FOLDER / "static" / "door" / "service-worker.js").read_text().replace("__FILES__", kept)
    headers = {"service-worker-allowed": PATH, "cache-control": "no-cache", **OWN_HEADERS}
    return web.Response(text=text, content_type="text/javascript", headers=headers)


@routes.get(READER)
async def reader(request: web.Request) -> web.StreamResponse:
    """Return the worker that reads pictures."""
    text = (FOLDER / "static" / "door" / "reader.js").read_text()
    headers = {"cache-control": "no-cache", **OWN_HEADERS}
    return web.Response(text=text, content_type="text/javascript", headers=headers)


def _words() -> dict[str, object]:
    """Return what the page says by itself, in the visitor's language."""
    said: dict[str, object] = {name: _(text) for name, text in WORDS.items()}
    results = {name: (mood, sign, _(word), _(more)) for name, (mood, sign, word, more) in RESULTS.items()}
    return said | {"results": results, "names": {name: _(text) for name, text in NAMES.items()}}


def _version() -> str:
    """Return the version of the page and its files; the page in another language is another one."""
    return f"{files()[0]}-{language()}"


@functools.cache
def files() -> tuple[str, dict[str, str]]:
    """Return the version of the page and its files, and the digest of each file as browsers check it."""
    template = (FOLDER / "templates" / "check-in.html").read_bytes()
    whole = hashlib.sha256(template + json.dumps([WORDS, RESULTS, NAMES], sort_keys=True).encode())
    for catalogue in sorted(CATALOGUES.rglob("*.po")):
        whole.update(catalogue.read_bytes())
    digests = {}
    for name in FILES:
        content = (FOLDER / "static" / name).read_bytes()
        digests[name] = "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
        whole.update(digests[name].encode())
    return whole.hexdigest()[:16], digests
