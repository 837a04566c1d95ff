"""Currencies: ISO 4217, as the package iso4217 carries the list of its maintenance agency (SIX).

Other tables differ: the digits of CLDR, which Babel has, are those that people write (IQD 0, where ISO says 3).
"""

from iso4217 import Currency, raw_xml

_FUNDS = {entry.findtext("Ccy") for entry in raw_xml.iter("CcyNtry") if entry.find("CcyNm[@IsFund]") is not None} | {
    # Units of account that the list does not mark as funds.
    "UYW",
    "XAD",
}

DIGITS = {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}
"""How many digits the minor unit of a currency has. What is no money in itself, such as gold, has none."""

SOLD = frozenset(DIGITS.keys() - _FUNDS)
"""The currencies that people pay with."""

_SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def money(amount: int, currency: str) -> str:
    """Write an amount of minor units as people do: ₹12,34,500.00, CHF 1,234.50.

    Rupees are counted in lakhs and crores, in whatever language: the groups above the first have two digits.

    A code that is not, or no more, on the list has minor units of a size that nobody knows: that is said.
    """
    digits = DIGITS.get(currency)
    if digits is None:
        return f"{currency}\u00a0{amount:,} minor units"
    whole, part = divmod(amount, 10**digits)
    number = (_in_lakhs(whole) if currency == "INR" else f"{whole:,}") + (f".{part:0{digits}}" if digits else "")
    return _SYMBOLS[currency] + number if currency in _SYMBOLS else f"{currency}\u00a0{number}"


def _in_lakhs(whole: int) -> str:
    above, first = divmod(whole, 1000)
    if not above:
        return str(first)
    text = str(above)
    begin = len(text) % 2
    groups = [text[:begin]] if begin else []
    groups += [text[at : at + 2] for at in range(begin, len(text), 2)]
    return ",".join([*groups, f"{first:03}"])
