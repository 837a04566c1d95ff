"""Bodies that are no JSON object, or none that anybody means."""

from collections.abc import Mapping

DEEP = 10_000

NOT_BODIES: Mapping[str, bytes] = {
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"x"',
    "an unfinished object": b'{"userId":"a"',
    "an object without a colon": b'{"userId" "a"}',
    "a comma too many": b'{"userId":"a",}',
    "two objects": b"{}{}",
    "something behind": b"{} x",
    "a form": b"userId=a&showId=b",
    "bytes that are no text": b'{"userId":"\xff\xfe"}',
    "half of a surrogate": b'{"userId":"\\ud800"}',
    "a raw NUL": b"\0",
    "NULs around": b"\0{}\0",
    "a number that is too large": b'{"userId":1e400}',
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep lists": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep and unfinished": b"[" * 100_000,
    "a large text": b'{"userId":"' + b"x" * 300_000 + b'"}',
}
