import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can pass through, unlike tmp_path: root runs PostgreSQL as another user."""
    path = Path(tempfile.mkdtemp(prefix="boxoffice-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)
