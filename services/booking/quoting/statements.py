"""What is read for the price of a booking."""

from services.booking.tariffs.statements import FEES
from services.booking.taxes.statements import TERMS as TAXES

TERMS = f"""
    SELECT * FROM ({TAXES}) AS tax FULL JOIN ({FEES}) AS fee ON false
"""
"""All that tells what the tickets of shows cost: rows about taxes and rows about fees, in one statement."""
