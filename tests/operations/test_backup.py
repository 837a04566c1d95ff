"""A backup of a stack that sells, restored elsewhere: all tickets are there, and the books are in order."""

from __future__ import annotations

import stat
import tarfile
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from audit import audit
from stack import backup
from stack.errors import StackError
from stack.launcher import Stack, temporary_settings
from stack.processes import wait_until
from stack.services import API
from tests.inventory.pictures import picture
from tests.patience import patient
from tests.stack.conftest import folder

__all__ = ["folder"]


def sold(stack: Stack) -> tuple[str, str]:
    """Sell a seat; return user and booking."""
    user, show = str(uuid4()), stack.demo.shows[-1].id
    with httpx.Client(base_url=f"{stack.public_url}{API}/", trust_env=False, timeout=patient(15)) as http:
        seat = http.get(f"seats/shows/{show}/available").json()["seats"][0]["id"]
        booking = http.post("bookings", json={"userId": user, "showId": show, "showSeatIds": [seat]}).json()["id"]
        session = http.post("payments/initiate", json={"bookingId": booking, "userId": user}).json()["sessionId"]
        http.post(f"payments/simulate/{session}", json={"result": "SUCCESS"})
        assert wait_until(lambda: http.get(f"bookings/{booking}").json()["status"] == "CONFIRMED", patient(20))
    return user, booking


def shown(stack: Stack, event: str = "", upload: bytes = b"") -> tuple[str, list[bytes]]:
    """Return an event and the files of its image, in all sizes; both are made of what is uploaded."""
    with httpx.Client(base_url=f"{stack.public_url}{API}/", trust_env=False, timeout=patient(15)) as http:
        if upload:
            wish = {"title": "Monsoon, painted", "category": "CONCERT", "durationMinutes": 90, "status": "PUBLISHED"}
            event = http.post("events", json=wish).json()["id"]
            headers, query = {"content-type": "image/jpeg"}, {"altText": "A stage"}
            http.post(f"events/{event}/images", params=query, content=upload, headers=headers).raise_for_status()
        [image] = http.get(f"events/{event}").json()["images"]
        files = [http.get(stack.public_url + image[size]["url"]) for size in ("small", "medium", "large")]
    return event, [file.raise_for_status().content for file in files]


def test_a_backup_is_restored_and_every_ticket_is_there(stack: Stack, folder: Path, tmp_path: Path) -> None:
    before, image = [sold(stack), sold(stack)], shown(stack, upload=picture(size=(800, 400)))
    file = tmp_path / "boxoffice.tar.gz"
    backup.back_up(stack.settings, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [file.name], "no draft is left"
    with tarfile.open(file) as archive:
        images = {name for name in archive.getnames() if name.count("/") == 2 and name.startswith("images/")}
    assert len(images) >= 2, "files of two sizes at least, and neither lock nor draft"
    _, after = sold(stack)
    with pytest.raises(StackError, match="is there already"):
        backup.back_up(stack.settings, file)

    settings = temporary_settings(folder / "data", auth="off")
    backup.restore(settings, file)
    with Stack(settings) as restored:
        with httpx.Client(base_url=f"{restored.public_url}{API}/", trust_env=False, timeout=patient(15)) as http:
            for user, booking in before:
                assert http.get(f"bookings/{booking}").json()["status"] == "CONFIRMED"
                assert [one["id"] for one in http.get(f"bookings/user/{user}").json()["bookings"]] == [booking]
            assert http.get(f"bookings/{after}").status_code == 404, "what came later is not in it"
        assert shown(restored, image[0]) == image
        audit.rest(restored.server.url, audit.REST_SECONDS)
        broken = audit.look(restored.server.url).broken
        assert not broken, "\n".join(map(str, broken))
        sold(restored)
    with pytest.raises(StackError, match="has data already"):
        backup.restore(settings, file)


def test_images_that_take_too_long_are_no_backup(folder: Path, tmp_path: Path) -> None:
    (folder / "ab").mkdir()
    (folder / "ab" / "abc").write_bytes(b"an image")
    (folder / "draft").write_bytes(b"half of one")
    for until, names in ((time.monotonic() + 60, ["images", "images/ab", "images/ab/abc"]), (0.0, None)):
        with tarfile.open(tmp_path / "images.tar", "w") as archive:
            if names is None:
                with pytest.raises(StackError, match="copy them apart"):
                    backup._add_images(archive, folder, until)
            else:
                backup._add_images(archive, folder, until)
                assert archive.getnames() == names


def test_a_damaged_file_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.tar.gz"
    with tarfile.open(half, "w:gz") as archive:
        archive.add(Path(__file__), "credentials.json")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(half.read_bytes()[:-20])
    settings = temporary_settings(folder / "data", auth="off")
    for file in (half, cut, tmp_path / "none"):
        with pytest.raises(StackError, match=r"not a backup|there is no"):
            backup.restore(settings, file)
    assert {path.name for path in settings.data_dir.iterdir()} <= {"lock", "postgres"}
    assert not (settings.data_dir / "postgres").exists()


def test_nothing_running_cannot_be_backed_up(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="nothing runs"):
        backup.back_up(temporary_settings(folder), tmp_path / "none.tar.gz")
