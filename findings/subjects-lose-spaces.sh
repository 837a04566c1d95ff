#!/bin/sh
# Python 3.11's email (EmailMessage, policy SMTP): a Subject of two scripts, or of Hindi words, that takes more than one
# line loses the space between two words where the second begins a new encoded word: readers show them as one word. One
# in ten subjects of Hindi words does. Newer Pythons may do otherwise. email.header.Header keeps all spaces.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import sys
from email import message_from_bytes
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP

subject = "टिकट Nine मानसून café — मानसून का मानसून टिकट आपका ई-मेल ई-मेल"


def read(raw: bytes) -> str:
    """Read a subject as mail programs do: words side by side are joined, as RFC 2047 says."""
    return str(make_header(decode_header(message_from_bytes(raw)["Subject"])))


message = EmailMessage(policy=SMTP)
message["Subject"] = subject
written = read(message.as_bytes())
by_header = read(b"Subject: " + Header(subject, "utf-8", header_name="Subject").encode().encode() + b"\r\n\r\n")
print(sys.version.split()[0], written)
assert by_header == subject
assert written != subject and written.replace(" ", "") == subject.replace(" ", ""), "EmailMessage keeps spaces now"
PY
