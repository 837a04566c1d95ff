"""Bugs of what people write and of the codes that they choose."""

from tests.mutants.mutant import SEATS, Mutant

NAMES = ("tests/inventory/test_names.py",)
WRITTEN = ("tests/chassis/test_writing.py",)
CODES = ("tests/chassis/test_codes.py",)
PRICES = ("tests/inventory/test_catalogue_shows.py",)

MUTANTS = (
    Mutant(
        "rows are told apart by how they are spelled",
        "check_layout",
        "key(row.label)",
        "row.label",
        SEATS,
        NAMES,
    ),
    Mutant("joiners may stand anywhere", "_joins", "bool(zwj and pictures)", "True", SEATS, WRITTEN),
    Mutant(
        "a text's accents stay as they came", "_spaced", "unicodedata.normalize('NFC', text)", "text", SEATS, WRITTEN
    ),
    Mutant("funds are sold for", "SOLD", "DIGITS.keys() - _FUNDS", "DIGITS.keys()", SEATS, CODES),
    Mutant(
        "a price may be one too high",
        "_too_dear",
        "price.price > limit",
        "price.price > limit + 1",
        SEATS,
        PRICES,
    ),
)
