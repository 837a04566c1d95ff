"""Tokens that are almost right: each has one thing wrong with it."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.identity.keys.signing import SigningKey

FOREIGN = ec.generate_private_key(ec.SECP256R1())


def right(user_id: str, **changed: Any) -> dict[str, Any]:
    """Return the claims of a token that is good; what is changed to None is left out."""
    now = int(time.time())
    claims = {
        "iss": "boxoffice-identity",
        "aud": "boxoffice",
        "sub": user_id,
        "iat": now,
        "exp": now + 900,
        "jti": "018f0000-0000-7000-8000-000000000000",
        "roles": ["USER"],
        "family": "018f0000-0000-7000-8000-000000000001",
    }
    return {name: value for name, value in (claims | changed).items() if value is not None}


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _pem(key: Any) -> bytes:
    pem: bytes = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem


def forged(key: SigningKey, user_id: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and the token. `key` is the one that signs good ones."""
    now = int(time.time())
    typed = {"typ": "at+jwt", "kid": key.kid}
    good = key.sign(right(user_id))
    header, payload, signature = good.split(".")

    def sign(claims: dict[str, Any], *, by: Any = key.private, algorithm: str = "ES256", **headers: Any) -> str:
        return jwt.encode(claims, by, algorithm, headers={**typed, **headers})

    for spelled in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {spelled!r}", f"{_part(typed | {'alg': spelled})}.{payload}."
    yield "alg none with the signature", f"{_part(typed | {'alg': 'none'})}.{payload}.{signature}"
    # The public key as the secret of an HMAC.
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    for name, secret in (
        ("PEM", _pem(key.private.public_key())),
        ("JWK", json.dumps(key.public_jwk()).encode()),
        ("empty", b""),
    ):
        signed = f"{_part(typed | {'alg': 'HS256'})}.{payload}"
        mac = base64.urlsafe_b64encode(hmac.sign(signed.encode(), secret)).rstrip(b"=").decode()
        yield f"HS256 by the public key as {name}", f"{signed}.{mac}"
    yield "RS256", sign(right(user_id), by=rsa.generate_private_key(65537, 2048), algorithm="RS256")
    yield "ES384", sign(right(user_id), by=ec.generate_private_key(ec.SECP384R1()), algorithm="ES384")
    own = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(FOREIGN.public_key()))
    yield "a foreign key", sign(right(user_id), by=FOREIGN)
    yield "a foreign key that comes along", sign(right(user_id), by=FOREIGN, jwk=own)
    yield "an address of keys", sign(right(user_id), by=FOREIGN, jku="http://127.0.0.1:1/jwks.json")
    yield "an address of certificates", sign(right(user_id), by=FOREIGN, x5u="http://127.0.0.1:1/x.pem")
    for kid in ("", "unknown", "../../../../dev/null", "' OR 1=1 --", "\0", "x" * 3000):
        yield f"kid {kid[:20]!r}", sign(right(user_id), by=FOREIGN, kid=kid)
    yield "another issuer", sign(right(user_id, iss="somebody"))
    yield "no issuer", sign(right(user_id, iss=None))
    yield "another audience", sign(right(user_id, aud="somebody"))
    yield "no audience", sign(right(user_id, aud=None))
    yield "expired", sign(right(user_id, iat=now - 2000, exp=now - 1000))
    yield "no end", sign(right(user_id, exp=None))
    yield "not yet", sign(right(user_id, nbf=now + 1000))
    yield "another payload", f"{header}.{_part(right(user_id, roles=['ADMIN']))}.{signature}"
    yield "no signature", f"{header}.{payload}."
    yield "truncated", good[:-10]
    yield "two parts", f"{header}.{payload}"
    yield "five parts", f"{good}.{payload}.{signature}"
    yield "another signature", sign(right(user_id, jti="other")).rpartition(".")[0] + "." + signature
    yield "nothing", "."
    yield "garbage", "garbage"
    yield "huge", good + "A" * 5_000


def misused(key: SigningKey, user_id: str) -> Iterator[tuple[str, str]]:
    """Yield tokens that the key has signed, and that are no access tokens of ours all the same."""
    now = int(time.time())

    def sign(claims: dict[str, Any], **headers: Any) -> str:
        return jwt.encode(claims, key.private, "ES256", headers={"typ": "at+jwt", "kid": key.kid, **headers})

    yield "another type", sign(right(user_id), typ="JWT")
    yield "no type", sign(right(user_id), typ=None)
    yield "a rule that we do not know", sign(right(user_id), crit=["b64"], b64=False)
    yield "no user", sign(right(user_id, sub=None))
    yield "a user who is none", sign(right("somebody"))
    yield "no roles", sign(right(user_id, roles=None))
    yield "from the future", sign(right(user_id, iat=now + 1000, exp=now + 1900))
    yield "no beginning", sign(right(user_id, iat=None))
