"""Public keys of kinds that are not known here, as a newer identity may tell them: they hide no other."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from services.chassis.errors import Unavailable
from services.chassis.wire.keys import FetchedKeys

STRANGE: dict[str, Any] = {
    "a new type": {"kty": "LATTICE", "kid": "new", "x": "AA"},
    "a new curve": {"kty": "EC", "crv": "P-9999", "kid": "new", "x": "AA", "y": "AA"},
    "a new algorithm": {"kty": "OKP", "crv": "Ed999", "alg": "ML-DSA", "kid": "new", "x": "AA"},
    "a type that is no text": {"kty": 7, "kid": "new"},
    "no type": {"kid": "new"},
    "no object": "new",
    "nothing": None,
    "a list": ["new"],
    "no id": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
}


def known() -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key)) | {"kid": "known", "alg": "ES256", "use": "sig"}


def fetched(*keys: Any) -> FetchedKeys:
    async def fetch() -> bytes:
        return json.dumps({"keys": keys, "new": {"a": 1}}).encode()

    return FetchedKeys(fetch)


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE.keys())
async def test_a_key_of_a_kind_that_is_not_known_hides_no_other(strange: Any) -> None:
    keys = fetched(strange, known(), strange)
    found = await keys.find("known")
    assert found is not None and found.key_id == "known"
    assert await keys.find("new") is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"7", b"null", b'{"keys": 7}', b'{"keys": {}}', b'{"keys": [7]}', b"\xff"]
)
async def test_what_is_no_set_of_keys_is_as_good_as_none(content: bytes) -> None:
    async def fetch() -> bytes:
        return content

    with pytest.raises(Unavailable):
        await FetchedKeys(fetch).find("known")
