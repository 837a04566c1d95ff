"""Where a visitor may be sent on to: pages of ours alone."""

import pytest

from web.paths import own


@pytest.mark.parametrize(
    "path", ["/", "/events", "/booking/01a2?showId=01a3&section=Row%20A", "/events?q=a%2Fb&page=2", "/my-bookings#top"]
)
def test_a_path_of_ours_is_taken_as_it_is(path: str) -> None:
    assert own(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            None,
            "events",
            "//example.com",
            "///example.com",
            "/\\example.com",
            "\\\\example.com",
            "https:example.com",
        ),
        *("https://example.com", "javascript:alert(1)", "/%2Fexample.com", "/%252Fexample.com", "/%5Cexample.com"),
        *("/ /example.com", "/\texample.com", "/events\r\nset-cookie: a=b", "/%0d%0aset-cookie:a", "/" + 2_000 * "a"),
    ],
)
def test_whatever_else_leads_to_the_first_page(path: str | None) -> None:
    assert own(path) == "/"
