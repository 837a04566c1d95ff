"""Bugs of what people write and of the codes that they choose."""

from tests.mutants.mutant import SEATS, Mutant

CATALOGUE = "services/inventory/domain/catalogue.py"
WRITING = "services/chassis/writing.py"
CURRENCIES = "services/chassis/currencies.py"

NAMES = ("tests/inventory/test_names.py",)
WRITTEN = ("tests/chassis/test_writing.py",)
CODES = ("tests/chassis/test_codes.py",)
PRICES = ("tests/inventory/test_catalogue_shows.py",)

MUTANTS = (
    Mutant(
        "rows are told apart by how they are spelled",
        CATALOGUE,
        "labels = (key(row.label) for row in section.rows)",
        "labels = (row.label for row in section.rows)",
        SEATS,
        NAMES,
    ),
    Mutant("joiners may stand anywhere", WRITING, "return bool(zwj and pictures)", "return True", SEATS, WRITTEN),
    Mutant("a text's accents stay as they came", WRITING, 'unicodedata.normalize("NFC", text)', "text", SEATS, WRITTEN),
    Mutant("funds are sold for", CURRENCIES, "DIGITS.keys() - _FUNDS", "DIGITS.keys()", SEATS, CODES),
    Mutant(
        "a price may be one too high",
        CATALOGUE,
        "if price.price > highest",
        "if price.price > highest + 1",
        SEATS,
        PRICES,
    ),
)
