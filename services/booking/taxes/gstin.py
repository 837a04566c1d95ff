"""GSTINs, the numbers under which India registers those who sell, and the states that they and places of supply name.

The rule is our own: python-stdnum 2.2 refuses the numbers of Ladakh, of other territory and of platforms that collect
tax at source (docs/adr/0037-tax-and-invoices.md).
"""

import re
from collections.abc import Mapping

STATES: Mapping[str, str] = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "97": "Other Territory",
}
"""The states by their codes, as returns write them. 25 (Daman and Diu) went into 26, and 28 was Andhra Pradesh before
Telangana: no venue is there any more."""

REGISTERED_IN = STATES.keys() | {"25", "28"}
"""The states that numbers begin with: there may be some of the former ones still."""

_SELLING = (
    # Whoever sells, by their PAN: regular, casual and composition (Z, or another of 1-9 and A-J), and platforms that
    # collect tax at source (C).
    re.compile(r"(?P<state>[0-9]{2})[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z][1-9A-CE-JZ][0-9A-Z]"),
    # Non-residents who sell for a while: their first two digits are a state's too.
    re.compile(r"(?P<state>[0-9]{2})[0-9]{2}[A-Z]{3}[0-9]{5}NR[0-9A-Z]"),
)
_OTHERS = (
    # Who deducts tax at source, by their PAN or TAN; bodies of the United Nations and embassies; online services from
    # abroad.
    re.compile(r"[0-9]{2}[A-Z]{4}[A-Z0-9][0-9]{4}[A-Z][1-9A-Z]D[0-9A-Z]"),
    re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[0-9A-Z]"),
    re.compile(r"99[0-9]{2}[A-Z]{3}[0-9]{5}OS[0-9A-Z]"),
)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_digit(first: str) -> str:
    """Return the fifteenth character that belongs to the first fourteen."""
    total = 0
    for position, character in enumerate(first):
        product = _DIGITS.index(character) * (1 + position % 2)
        total += product // 36 + product % 36
    return _DIGITS[-total % 36]


def refusal(gstin: str) -> str | None:
    """Return why nobody can sell under this GSTIN, in words for people; None if somebody can."""
    if any(kind.fullmatch(gstin) for kind in _OTHERS):
        return "is of a kind that sells no tickets: who deducts tax, embassies, online services from abroad"
    found = next(filter(None, (kind.fullmatch(gstin) for kind in _SELLING)), None)
    if found is None:
        return "must be a GSTIN: 15 capital letters and digits, such as 27AAPFU0939F1ZV"
    if found["state"] not in REGISTERED_IN:
        return f"begins with {found['state']}, which is no state's code"
    if gstin[-1] != check_digit(gstin[:-1]):
        return "does not end with the right check digit: look for a slip in it"
    return None
