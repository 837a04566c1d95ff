"""Countries: the two letters of ISO 3166-1, as IANA's registry of languages carries them with language-tags."""

from language_tags import data

_NO_COUNTRIES = {
    # Private use.
    *("AA", "ZZ"),
    # Reserved beside ISO's list, for what is no country or is part of one.
    *("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "TA", "UN"),
}

COUNTRIES = (
    frozenset(
        record["Subtag"]
        for record in data.get("registry")
        if record["Type"] == "region" and len(record["Subtag"]) == 2 and "Deprecated" not in record
    )
    - _NO_COUNTRIES
)
"""The countries that there are, and territories that have a code of their own."""
