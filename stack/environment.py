"""Make the virtual environment `.venv` from the hashed locks: `python3 stack/environment.py`.

It runs before anything is installed: standard library only. A whole environment is left alone, a half-made or moved
one is made anew, and a changed lock is installed into the one that is there.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "boxoffice.stamp"
BOOTSTRAP = ROOT / "requirements.bootstrap.lock"
LOCK = ROOT / "requirements.lock"
# pip's settings and uv's names for the same: whoever points pip at a mirror means uv too.
SETTINGS = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
}


def main() -> None:
    with LOCK.open() as lock:
        # Two verbs started at once on a fresh clone: the second waits, and finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = [maker(), contents()]
        found = STAMP.read_text().splitlines() if STAMP.exists() and PYTHON.exists() else []
        if found == wanted:
            return
        if found[:1] == wanted[:1]:
            STAMP.unlink()
        else:
            create()
        install()
        write(
            site_packages() / "boxoffice.pth",
            [str(ROOT), str(ROOT / "protos" / "gen"), str(ROOT / "clients" / "python")],
        )
        write(STAMP, wanted)


def maker() -> str:
    """Name what an environment is bound to: the Python that made it and the place it was made for."""
    return f"{sys.version.split()[0]} {sys.base_prefix} {ROOT}"


def contents() -> str:
    """Name what is installed: the hash of the locks and of this program."""
    digest = hashlib.sha256()
    for path in (BOOTSTRAP, LOCK, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def create() -> None:
    """Make an environment that holds uv only, in place of whatever was there."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        fail("this Python has no venv: install it (on Debian and Ubuntu: apt-get install python3-venv)")
    say(f"making .venv with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    # Not sys.executable, which is inside the folder just removed where that environment was active.
    run([sys._base_executable, "-m", "venv", VENV], "cannot make the virtual environment .venv")  # type: ignore[attr-defined]  # undocumented, as old as venv
    run(pip(BOOTSTRAP), "cannot install uv: see above; is the package index within reach?")


def install() -> None:
    """Bring the environment to what the lock names."""
    count = sum("==" in line and not line.startswith(("#", " ")) for line in LOCK.read_text().splitlines())
    say(f"installing the {count} packages that requirements.lock names: a minute or so, the first time")
    environment = {uv: os.environ[pip] for pip, uv in SETTINGS.items() if pip in os.environ} | dict(os.environ)
    sync: list[str | Path] = [
        PYTHON,
        "-m",
        "uv",
        "pip",
        "sync",
        "--quiet",
        "--python",
        PYTHON,
        "--require-hashes",
        LOCK,
    ]
    if subprocess.call(sync, env=environment) != 0:
        # pip may be set up in a file for a network that uv is not set up for.
        say("uv could not; trying with pip")
        run(pip(LOCK), "cannot install the packages: see above; is the package index within reach?")


def pip(lock: Path) -> list[str | Path]:
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    return [PYTHON, "-m", "pip", "install", *options, "-r", lock]


def site_packages() -> Path:
    return VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def run(command: list[str | Path], complaint: str) -> None:
    if subprocess.call(command) != 0:
        fail(complaint)


def write(path: Path, lines: list[str]) -> None:
    """Put `lines` into a file, wholly or not at all."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text("\n".join(lines) + "\n")
    draft.replace(path)


def say(line: str) -> None:
    print(f"boxoffice: {line}", file=sys.stderr, flush=True)


def fail(line: str) -> None:
    sys.exit(f"boxoffice: {line}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        # A full disk, a folder that may not be written.
        fail(f"cannot make .venv: {error}")
