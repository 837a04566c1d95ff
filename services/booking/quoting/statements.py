"""What is read for the price of a booking."""

from services.booking.tariffs.statements import FEES, KINDS
from services.booking.taxes.statements import TERMS as TAXES

TERMS = f"""
    SELECT * FROM ({TAXES}) AS tax FULL JOIN ({FEES}) AS fee ON false FULL JOIN ({KINDS}) AS kind ON false
"""
"""All that tells what the tickets of shows cost: rows about taxes, about fees and about kinds, in one statement."""
