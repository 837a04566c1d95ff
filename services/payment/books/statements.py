"""Statements about differences between payment's books and booking's."""

REMEMBER_DIFFERENCES = """
    INSERT INTO book_differences (position, booking_id, payment_id, difference)
    SELECT * FROM unnest(%(position)s::bigint[], %(booking_id)s::uuid[], %(payment_id)s::uuid[], %(difference)s::text[])
"""
