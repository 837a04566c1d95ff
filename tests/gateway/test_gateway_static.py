"""What the gateway answers from files: the API's description and the page that shows it."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from gateway import static
from tests.gateway.fakes import Services

FILES = static.files("off")
PATHS = [file.path for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=PATHS)
async def test_a_file_arrives_whole_with_its_type(file: static.StaticFile, rest: httpx.AsyncClient) -> None:
    answer = await rest.get(file.path, headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == file.source.read_bytes()
    assert answer.headers["content-type"] == file.content_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("file", FILES, ids=PATHS)
async def test_a_file_is_compressed_for_those_who_can_read_it(file: static.StaticFile, rest: httpx.AsyncClient) -> None:
    answer = await rest.get(file.path, headers={"accept-encoding": "gzip"})
    if file.source.stat().st_size < 2048:
        assert "content-encoding" not in answer.headers
        return
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.content == file.source.read_bytes()


@pytest.mark.parametrize("file", FILES, ids=PATHS)
async def test_a_file_that_is_the_same_is_not_sent_again(file: static.StaticFile, rest: httpx.AsyncClient) -> None:
    first = await rest.get(file.path)
    again = await rest.get(file.path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await rest.get(file.path, headers={"if-none-match": 'W/"another"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("path", PATHS)
async def test_a_file_can_be_asked_for_and_nothing_else(path: str, rest: httpx.AsyncClient, services: Services) -> None:
    head = await rest.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for verb in ("POST", "PUT", "DELETE"):
        answer = await rest.request(verb, path)
        assert (answer.status_code, answer.json()["details"][0]["reason"]) == (405, "VERB_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD"
    for beside in (f"{path}/", f"{path}.map", f"{path}/../envoy.yaml", f"{path}%2e%2e/secret"):
        assert (await rest.get(beside)).status_code == 404
    assert services.calls == []


async def test_the_page_may_load_nothing_but_what_is_here(rest: httpx.AsyncClient) -> None:
    policy = (await rest.get("/api/docs")).headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert (rules["default-src"], rules["script-src"], rules["connect-src"]) == ("'none'", "'self'", "'self'")
    assert rules["frame-ancestors"] == "'none'"


async def test_answers_of_services_are_not_compressed(rest: httpx.AsyncClient, services: Services) -> None:
    answer = await rest.get("/api/v1/shows/x", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_the_files_are_copied_together_for_the_image(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    subprocess.run([sys.executable, "-m", "gateway.static", folder], check=True)
    copied = {file.name: file.read_bytes() for file in folder.iterdir()}
    for auth in ("on", "off"):
        named = [route["direct_response"]["body"]["filename"] for route in static.routes(folder, auth, {})[1::2]]
        assert named == [str(folder / file.source.name) for file in static.files(auth)]
        assert all(copied[file.source.name] == file.source.read_bytes() for file in static.files(auth))
    assert len(copied) == len(FILES) + 1
