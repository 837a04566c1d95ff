"""Backup and restore: all databases of a stack in one file, as they were at one instant, its secrets and its images.

What booking, payment and inventory say only fits together if it is of one instant. Dumps of databases one by one are
not: so the server's files are copied while it runs, which is one instant for all that is in them.

Files of images are copied after the databases. A file never changes, is there before its image is, and stays for an
hour after its last image has gone: so a copy that ends within that hour has each file that the databases name.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certificates.files import write_private
from stack import credentials, places, running
from stack.control import alone
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.postgres import SUPERUSER
from stack.processes import User
from stack.settings import Settings

CLUSTER = "postgres"
"""The folder of PostgreSQL's files in the backup; beside it lie the file of secrets and the folder of images."""

IMAGES = "images"

IMAGES_SECONDS = 3_000
"""How long images may be copied: with PostgreSQL's files less than the hour for which an unused one stays."""

CHUNK_BYTES = 1024 * 1024


def back_up(settings: Settings, file: Path) -> None:
    """Write a backup of the running stack to `file`, readable by its owner only; raise StackError if it cannot be.

    The file holds the stack's passwords and every customer's data.
    """
    launcher = running.find(settings)
    if launcher is None:
        raise StackError(
            f"nothing runs from {settings.data_dir}: `make run` first, a backup is made of a running stack"
        )
    if launcher.settings.nodes:
        raise StackError("a cluster's nodes are backed up one by one: see docs/citus.md")
    if file.exists():
        raise StackError(f"{file} is there already: name another file")
    secrets = settings.data_dir / credentials.FILE
    environment = {"PGPASSWORD": credentials.load(secrets)["postgres"], "PATH": os.defpath, "LC_ALL": "C"}
    with _draft(file.parent, f".{file.name}-") as draft:
        copy, until = draft / CLUSTER, time.monotonic() + IMAGES_SECONDS
        command: list[str | Path] = [places.programs(None) / "pg_basebackup", "--no-password", "--checkpoint=fast"]
        command += ["--host", LOOPBACK, "--port", str(launcher.settings.postgres_port), "--username", SUPERUSER]
        done = subprocess.run([*command, "--pgdata", copy], env=environment, cwd="/", capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(f"the databases could not be copied: {' '.join(done.stderr.split())}")
        packed = draft / "packed"
        with tarfile.open(packed, "x:gz", compresslevel=1) as archive:
            archive.add(secrets, credentials.FILE)
            archive.add(copy, CLUSTER)
            _add_images(archive, settings.data_dir / IMAGES, until)
        packed.chmod(0o600)
        _sync(packed)
        packed.rename(file)
        _sync(file.parent)


def restore(settings: Settings, file: Path) -> None:
    """Fill an empty data folder from a backup, for the next start; raise StackError if it cannot be done.

    Nothing is overwritten, and a file that is not a whole backup leaves nothing behind.
    """
    data = settings.data_dir
    data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    (data / running.LOCK).touch(mode=0o600)
    with alone(settings):
        there = [name for name in (CLUSTER, credentials.FILE, IMAGES) if os.path.lexists(data / name)]
        if there:
            raise StackError(f"{data} has data already: `make reset` first, or set DATA_DIR to another folder")
        user = places.server_user(data / CLUSTER)
        cluster = places.cluster_folder(data, user)
        with _draft(cluster.parent, f"{CLUSTER}.draft-") as draft:
            _unpack(file, draft)
            (draft / CLUSTER).chmod(0o700)
            if user is not None:
                _give(draft / CLUSTER, user)
            if (draft / IMAGES).exists():  # not in a backup of before
                shutil.move(draft / IMAGES, data / IMAGES)
                _sync(data)
            write_private(data / credentials.FILE, (draft / credentials.FILE).read_text())
            (draft / CLUSTER).rename(cluster)
            _sync(cluster.parent)


def _add_images(archive: tarfile.TarFile, folder: Path, until: float) -> None:
    """Add the files of images, one after the other; raise StackError where that takes too long."""
    archive.addfile(_folder(IMAGES))
    for shelf in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.exists() else ():
        archive.addfile(_folder(f"{IMAGES}/{shelf.name}"))
        for path in sorted(shelf.iterdir()):
            if time.monotonic() > until:
                raise StackError(
                    f"the images of {folder} took more than {IMAGES_SECONDS // 60} minutes: copy them apart"
                )
            try:
                archive.add(path, f"{IMAGES}/{shelf.name}/{path.name}")
            except FileNotFoundError:
                continue  # no image has had it for an hour


def _folder(name: str) -> tarfile.TarInfo:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o700
    return folder


def _unpack(file: Path, folder: Path) -> None:
    try:
        with gzip.open(file) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                archive.extractall(folder, filter="data")
            while stream.read(CHUNK_BYTES):
                pass  # to the end, where the checksum is
    except FileNotFoundError:
        raise StackError(f"there is no {file}") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise StackError(f"{file} is not a backup, or damaged: {error}") from None
    if not {CLUSTER, credentials.FILE} <= {path.name for path in folder.iterdir()}:
        raise StackError(f"{file} is not a backup: `make backup` writes such files")


@contextmanager
def _draft(parent: Path, prefix: str) -> Iterator[Path]:
    try:
        draft = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    except OSError as error:
        raise StackError(f"cannot write into {parent}: {error.strerror}") from None
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _give(folder: Path, user: User) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
