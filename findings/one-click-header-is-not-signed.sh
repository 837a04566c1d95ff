#!/bin/sh
# dkimpy 1.1.8: the headers that `sign` covers when it is told none are those of a list that has List-Unsubscribe, and not
# List-Unsubscribe-Post. RFC 8058 wants both signed: a mail program that heeds it offers no one-click unsubscribing, for
# news of shows that seems to do all that is asked of bulk senders. The signature itself is good.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import base64

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

MESSAGE = b"""From: news@tickets.example
To: ann@tickets.example
Subject: On sale from Friday
List-Unsubscribe: <https://tickets.example/unsubscribe/1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click

See you there.
""".replace(b"\n", b"\r\n")
ONE_CLICK = b"list-unsubscribe-post"

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def covered(**options):
    """Sign the message, verify it, and return the headers that the signature covers."""
    signature = dkim.sign(MESSAGE, b"news", b"tickets.example", private, **options)
    assert dkim.verify(signature + MESSAGE, dnsfunc=lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + public)
    tags = dkim.util.parse_tag_value(signature.partition(b":")[2])
    return [name.strip().lower() for name in tags[b"h"].split(b":")]


by_itself = covered()
told = covered(include_headers=[*by_itself, ONE_CLICK])
print(f"by itself: {b' '.join(by_itself).decode()}")
print(f"told: {b' '.join(told).decode()}")
assert b"list-unsubscribe" in by_itself, "the link is not signed any more either"
assert ONE_CLICK not in by_itself, "the header of one-click unsubscribing is signed now"
assert ONE_CLICK in told, "the header cannot be asked for any more"
PY
