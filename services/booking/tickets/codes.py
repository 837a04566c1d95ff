"""Codes of tickets: what a gate reads.

    1 byte    the number of the key, and the revision of the ticket's code: four bits each
    16 bytes  the ticket's id
    64 bytes  the signature (Ed25519) over CONTEXT and what comes before it

As base45 (RFC 9285), whose letters are those of a QR symbol's alphanumeric mode, these 81 bytes are 122 characters: the
most that a symbol of version 5 and level M has room for. What CONTEXT says is not in the code: what it is, for whom.
So no other signature of these keys passes for one, and no code for anything else.
"""

from dataclasses import dataclass
from uuid import UUID

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
TYPE, AUDIENCE = "boxoffice-ticket-code", "boxoffice-gates"
CONTEXT = f"{TYPE}\0{AUDIENCE}\0".encode()
NUMBERS = 16
"""Of keys; one that nobody needs any more gives its number to another."""
MAX_REVISION = 15
ID_BYTES, SIGNATURE_BYTES = 16, 64
LENGTH = 122
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says."""

    key_number: int
    revision: int
    ticket_id: UUID

    @property
    def content(self) -> bytes:
        """The bytes before the signature."""
        return bytes([self.key_number << 4 | self.revision]) + self.ticket_id.bytes

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return CONTEXT + self.content


def write(code: Code, signature: bytes) -> str:
    """Return a code as text."""
    assert code.key_number < NUMBERS and code.revision <= MAX_REVISION and len(signature) == SIGNATURE_BYTES
    return encode(code.content + signature)


def parse(text: str) -> tuple[Code, bytes]:
    """Return what a text says that may be a code, and its signature; raise ValueError.

    A blank is a letter of base45, and who hands a text on may drop the one that it begins with.
    """
    if len(text) not in (LENGTH - 1, LENGTH):
        raise ValueError("a code has another length")
    content = decode(text.rjust(LENGTH))
    code = Code(content[0] >> 4, content[0] & MAX_REVISION, UUID(bytes=content[1 : 1 + ID_BYTES]))
    return code, content[1 + ID_BYTES :]


def encode(content: bytes) -> str:
    """Return bytes as base45."""
    letters = []
    for begin in range(0, len(content), 2):
        pair = content[begin : begin + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, letter = divmod(value, 45)
            letters.append(ALPHABET[letter])
    return "".join(letters)


def decode(text: str) -> bytes:
    """Return the bytes of base45; raise ValueError where it is none."""
    content = b""
    for begin in range(0, len(text), 3):
        try:
            values = [_VALUES[letter] for letter in text[begin : begin + 3]]
        except KeyError:
            raise ValueError("a letter that is none of base45") from None
        value = sum(value * 45**place for place, value in enumerate(values))
        try:
            content += value.to_bytes(len(values) - 1, "big")
        except OverflowError:
            raise ValueError("letters that are none of base45 together") from None
    if encode(content) != text:
        raise ValueError("it is cut off")
    return content
