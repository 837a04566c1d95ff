"""docs/licences.md names the licence of everything in the locks, in third_party and in the shop."""

from __future__ import annotations

import hashlib
import subprocess
import sys

from tests.compose.support import ROOT, locked

PAGE = (ROOT / "docs" / "licences.md").read_text()


def test_the_page_is_what_make_licences_writes() -> None:
    code = "import sys; sys.path.insert(0, 'docs'); import licences; print(licences.page(), end='')"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert made == PAGE, "run make licences"


def test_every_locked_package_is_listed_once() -> None:
    for name in locked(ROOT / "requirements.lock").keys() | locked(ROOT / "requirements.runtime.lock").keys():
        assert PAGE.count(f"\n| {name} | ") == 1, name


def test_every_folder_of_others_is_listed_and_has_its_licence() -> None:
    others = {
        "axe-core": ("MPL-2.0", "Mozilla Public License, version 2.0"),
        "noto": ("OFL-1.1", "SIL OPEN FONT LICENSE Version 1.1"),
    }
    for folder in filter(lambda path: path.is_dir(), (ROOT / "third_party").iterdir()):
        licence, title = others.get(folder.name, ("Apache-2.0", "Apache License"))
        assert f"| `third_party/{folder.name}` | {licence} |" in PAGE
        assert title in (folder / "LICENSE").read_text()


def test_the_reader_of_codes_is_what_its_authors_published_with_its_licence() -> None:
    vendor = ROOT / "web" / "static" / "vendor"
    assert "| jsQR 1.4.0 (`web/static/vendor`) | Apache-2.0 |" in PAGE
    published = {
        "jsQR.js": "bc40c8a15196236b2314db0856f72ca0b49980cd5413b8c852a7349f5fee0859",
        "jsQR.LICENSE": "c6596eb7be8581c18be736c846fb9173b69eccf6ef94c5135893ec56bd92ba08",
    }
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in vendor.iterdir()} == published
