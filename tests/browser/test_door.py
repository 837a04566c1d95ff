"""Check-in at the door, as people do it: with the camera, by hand, and without a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.booking.tickets import qr
from tests.booking.drawn_codes import MANY, some_codes
from tests.browser import film
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser, opened

pytestmark = pytest.mark.browser

CASES = Path(__file__).parents[1] / "door_cases.json"
A_BATCH, PIXELS = 100, 4

STORES = """
    return Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()])
        .then((found) => found.map((each) => each.length))
"""

PAST_ITS_END = """
    return new Promise((done) => {
        const opening = indexedDB.open("door");
        opening.onsuccess = () => {
            const tx = opening.result.transaction("shift", "readwrite"), shifts = tx.objectStore("shift");
            shifts.get("now").onsuccess = ({target}) => shifts.put({...target.result, endsAt: 1}, "now");
            tx.oncomplete = () => { opening.result.close(); done(null); };
        };
    });
"""

CAMERAS = """
    window.cameras = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => { cameras.push(await ask(wish)); return cameras.at(-1); };
"""
ARE_OFF = "return cameras.every((one) => one.getTracks().every((track) => track.readyState === 'ended'))"

BEGIN_TWICE = """
    let asked = 0;
    const ask = fetch;
    window.fetch = (...all) => { asked += all[0].startsWith('/api/v1/gate?'); return ask(...all); };
    navigator.serviceWorker.register = async () => {
        const fresh = Object.assign(new EventTarget(), {state: 'redundant'});
        setTimeout(() => fresh.dispatchEvent(new Event('statechange')), 300);
        return {installing: fresh, active: null};
    };
    document.getElementById('credential').value = arguments[0];
    for (let tap = 0; tap < 2; tap += 1) document.getElementById('credential-form').requestSubmit();
    return asked;
"""
NOTHING_IS_KEPT = "IDBFactory.prototype.open = () => { throw new DOMException('not here'); };"


@dataclass
class Door:
    """A browser at a door, and the tickets that are shown there."""

    browser: Browser
    checkout: Checkout
    codes: list[str]
    gate: str
    show: str

    def begin(self) -> None:
        """Begin a shift by a link."""
        self.browser.open(f"{self.checkout.stack.public_url}/check-in#{self.gate}")
        self.browser.until(lambda: self.is_shown("shift") and "until" in self.browser.text("#age"))
        self.browser.until(lambda: bool(self.browser.run("return navigator.serviceWorker.controller !== null")))

    def is_shown(self, id_: str) -> bool:
        return bool(self.browser.run("return !document.getElementById(arguments[0])?.hidden", id_))

    def enter(self, code: str) -> str:
        """Enter a code by hand; return what the page says."""
        before = self.browser.run(
            "document.getElementById('verdict').textContent = ''; document.getElementById('code').value = arguments[0]",
            code,
        )
        assert before is None
        self.browser.click("#code-form button")
        self.browser.until(lambda: self.browser.text("#verdict") != "")
        return self.browser.text("#verdict")

    def waiting(self) -> int:
        return int(self.browser.text("#waiting"))

    def cut(self) -> None:
        """Cut the line, and wait until the page knows."""
        self.browser.line(offline=True)
        self.browser.run("dispatchEvent(new Event('online'))")
        self.browser.until(lambda: "Offline" in self.browser.text("#line"))

    def scans(self) -> list[dict[str, Any]]:
        """Return the scans of the show that the server knows, the oldest first."""
        return list(self.checkout.ask("GET", f"shows/{self.show}/scans?pageSize=100")["scans"])[::-1]


def played(browser: Browser, script: str, *arguments: object) -> Any:
    """Run a script that stands beside this file in the page, and wait for what it returns."""
    text = (Path(__file__).parent / script).read_text()
    return browser.run(f"return (async function () {{ {text} }}).apply(null, arguments)", *arguments)


def make_gate(checkout: Checkout, show: str) -> str:
    wish = {"name": "North door", "showIds": [show], "endsAt": "2031-01-01T00:00:00Z", "offline": "HOME"}
    return str(checkout.ask("POST", "gates", wish)["id"])


def buy(checkout: Checkout, seats: int) -> list[str]:
    """Return the codes of tickets that were paid for."""
    booking, page = checkout.begin(seats)
    checkout.ask("POST", f"payments/simulate/{page.rpartition('/')[2]}", {"result": "SUCCESS"})
    checkout.until(booking, "CONFIRMED")
    tickets = checkout.ask("GET", f"bookings/{booking}/tickets")["tickets"]
    return [checkout.ask("GET", f"tickets/{ticket['id']}/code")["code"] for ticket in tickets]


@pytest.fixture(scope="module")
def door(checkout: Checkout, chromedriver: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    codes, show = buy(checkout, 6), checkout.stack.demo.shows[0].id
    film.write(folder / "film.y4m", [(codes[0], 1), ("", 3)])
    arguments = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={folder / 'film.y4m'}",
    )
    with opened(chromedriver, folder / "profile", width=390, height=844, arguments=arguments) as browser:
        yield Door(browser, checkout, codes, make_gate(checkout, show), show)


def test_a_shift_at_the_door_with_a_connection_and_without(door: Door, pictures: Path) -> None:
    browser = door.browser
    browser.open(f"{door.checkout.stack.public_url}/check-in")
    browser.until(lambda: door.is_shown("begin"))
    browser.screenshot(pictures / "door-begin.png")
    assert browser.run(STORES) == [0, 0, 0], "nothing is kept before a shift"
    door.begin()
    assert browser.run("return location.hash") == ""

    # The camera sees a ticket, loses it, and sees it again.
    browser.click("#camera")
    browser.until(lambda: "Come in" in browser.text("#scans") and "Already used" in browser.text("#scans"))
    browser.screenshot(pictures / "door-used.png")
    browser.click("#camera")
    assert door.enter(door.codes[1]) == "Come in"
    browser.screenshot(pictures / "door-in.png")
    assert door.enter("nonsense") == "No ticket"

    # Without a connection a ticket lets in once, also after the page was loaded again.
    door.cut()
    assert [door.enter(door.codes[2]), door.enter(door.codes[2])] == ["Come in", "Already used"]
    forged = door.codes[3][:-3] + ("000" if door.codes[3][-3:] != "000" else "111")
    assert door.enter(forged) == "No ticket" and "no signature of ours" in browser.text("#detail")
    browser.screenshot(pictures / "door-offline.png")
    browser.run("location.reload()")
    browser.until(lambda: bool(browser.run("return document.readyState === 'complete'")) and door.is_shown("shift"))
    assert door.waiting() == 3
    assert [door.enter(door.codes[2]), door.enter(door.codes[3])] == ["Already used", "Come in"]
    browser.line()
    browser.until(lambda: door.waiting() == 0 and "Online" in browser.text("#line"))
    scans = [(scan["result"], scan["cameIn"], scan["isOffline"]) for scan in door.scans()]
    assert [scan for scan in scans if scan[2]] == [
        ("ADMITTED", True, True),
        ("ALREADY_USED", False, True),
        ("UNKNOWN_CODE", False, True),
        ("ALREADY_USED", False, True),
        ("ADMITTED", True, True),
    ]
    assert scans.count(("ADMITTED", True, False)) == 2
    assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    _comes_back_past_its_end(door)


def _comes_back_past_its_end(door: Door) -> None:
    """See that whoever comes back when the credential has ended finds nothing, and that a link leads on from there."""
    browser = door.browser
    browser.run(PAST_ITS_END)
    browser.run("location.reload()")
    browser.until(lambda: bool(browser.run("return document.readyState === 'complete'")) and door.is_shown("begin"))
    browser.until(lambda: browser.run(STORES) == [0, 0, 0])
    door.begin()
    browser.run(PAST_ITS_END)
    browser.run(f"location.hash = '{door.gate}'; location.reload()")
    browser.until(lambda: door.is_shown("shift") and "until" in browser.text("#age"))
    browser.click("#end")
    browser.until(lambda: door.is_shown("begin"))
    assert browser.run(STORES) == [0, 0, 0]


def test_the_camera_reads_without_a_connection_and_two_taps_leave_it_off(door: Door) -> None:
    browser = door.browser
    door.begin()
    door.cut()
    browser.run("location.reload()")
    browser.until(lambda: bool(browser.run("return document.readyState === 'complete'")) and door.is_shown("shift"))
    browser.run(CAMERAS)
    browser.run("for (let tap = 0; tap < 2; tap += 1) document.getElementById('camera').click()")
    browser.until(lambda: bool(browser.run("return cameras.length")) and bool(browser.run(ARE_OFF)))
    browser.click("#camera")
    browser.until(lambda: browser.text("#verdict") in ("Come in", "Already used"))
    browser.line()
    browser.run("dispatchEvent(new Event('online'))")
    browser.until(lambda: door.waiting() == 0)
    browser.click("#end")
    browser.until(lambda: door.is_shown("begin"))
    assert browser.run(ARE_OFF) and browser.run(STORES) == [0, 0, 0]


def test_a_shift_begins_once_and_the_page_says_where_it_cannot(door: Door) -> None:
    browser, link = door.browser, f"{door.checkout.stack.public_url}/check-in#{door.gate}"
    browser.open("about:blank")
    browser.open(link.partition("#")[0])
    browser.until(lambda: door.is_shown("begin"))
    assert browser.run(BEGIN_TWICE, door.gate) == 1
    browser.until(lambda: "cannot be loaded again" in browser.text("#trouble"))
    # A second tab, and a browser that keeps nothing, hide the credential too.
    browser.run("window.other = open(arguments[0])", link)
    said = "return other.document?.getElementById('trouble')?.textContent ?? ''"
    browser.until(lambda: "another tab" in browser.run(said) and browser.run("return other.location.hash") == "")
    browser.run("other.close()")
    browser.click("#end")
    browser.until(lambda: door.is_shown("begin"))
    kept = browser.command("Page.addScriptToEvaluateOnNewDocument", source=NOTHING_IS_KEPT)
    browser.open("about:blank")
    browser.open(link)
    browser.until(lambda: "keeps nothing" in browser.text("#trouble"))
    assert browser.run("return location.hash") == ""
    browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=kept["identifier"])
    browser.open("about:blank")


def test_a_gate_that_is_revoked_hands_over_what_it_has_not_sent_and_keeps_nothing(door: Door, pictures: Path) -> None:
    browser = door.browser
    door.begin()
    door.cut()
    assert door.enter(door.codes[4]) == "Come in"
    # Who ends a shift whose scans are not sent is asked first.
    browser.click("#end")
    browser.until(lambda: bool(browser.run("return document.getElementById('ending').open")))
    browser.screenshot(pictures / "door-ending.png")
    browser.click("#ending button[value=stay]")
    assert door.is_shown("shift") and door.waiting() == 1
    door.checkout.ask("POST", f"gates/{door.gate}/revoke", {})
    browser.line()
    browser.until(lambda: door.is_shown("left"))
    browser.screenshot(pictures / "door-left.png")
    browser.run("location.reload()")
    browser.until(lambda: bool(browser.run("return document.readyState === 'complete'")) and door.is_shown("left"))
    browser.click("#save")
    browser.until(lambda: door.is_shown("begin"))
    assert browser.run(STORES) == [0, 0, 0]


def test_the_page_judges_as_the_python_gate_does(door: Door) -> None:
    """The same table: tests/clients/test_gate_cases.py."""
    door.browser.open(f"{door.checkout.stack.public_url}/check-in")
    door.browser.until(lambda: door.is_shown("begin"))
    assert played(door.browser, "door.js", json.loads(CASES.read_text())["cases"]) == []
    assert door.browser.run(STORES) == [0, 0, 0]


@pytest.mark.timeout(1800)
def test_what_is_drawn_is_read_by_the_page(door: Door) -> None:
    """Straight, and turned by up to 20 degrees. A hand moves: what is not read one way is read the other way."""
    door.browser.open(f"{door.checkout.stack.public_url}/check-in")
    texts = some_codes(MANY or 100)
    drawn = [(text, ["".join(map(str, row)) for row in qr.symbol(text).matrix]) for text in texts]
    straight, turned = (
        {
            text
            for begin in range(0, len(drawn), A_BATCH)
            for text in played(door.browser, "reading.js", drawn[begin : begin + A_BATCH], PIXELS, degrees)
        }
        for degrees in (0, 20)
    )
    print(f"of {len(texts)} codes not read: {len(straight)} straight, {len(turned)} turned {sorted(straight | turned)}")
    assert straight & turned == set()
    assert max(len(straight), len(turned)) <= len(texts) / 50
