"""Statements about sellers, the rules of taxes, and by whom shows are sold."""

from services.booking.taxes.domain import Seller, ShowTax, TaxRule
from services.chassis.store.rows import GREATEST_ID, selected

SELLER = selected(Seller)
TAX_RULE = selected(TaxRule)
SHOW_TAX = selected(ShowTax)

MAKE_SELLER = """
    INSERT INTO sellers (id, legal_name, address, country, state, tax_number, time_zone, organization_id)
    VALUES (%(id)s, %(legal_name)s, %(address)s, %(country)s, %(state)s, %(tax_number)s, %(time_zone)s,
        %(organization_id)s)
    ON CONFLICT DO NOTHING
    RETURNING id
"""

MAKE_SERIES = """
    INSERT INTO invoice_series (seller_id, kind) SELECT %(id)s, unnest(%(kinds)s::text[]) ON CONFLICT DO NOTHING
"""
"""A seller's documents are invoices or receipts, by whether it has a tax number, which stays."""

LOCK_SELLERS = f"""
    SELECT {SELLER} FROM sellers WHERE id = %(id)s OR (tax_number = %(tax_number)s AND tax_number <> '')
    ORDER BY id FOR UPDATE
"""
"""The seller, and whoever else has its tax number."""

RENAME_SELLER = "UPDATE sellers SET legal_name = %(legal_name)s, address = %(address)s WHERE id = %(id)s"

FIND_SELLER = f"SELECT {SELLER} FROM sellers WHERE id = %(id)s"

LIST_SELLERS = f"""
    SELECT {SELLER} FROM sellers
    WHERE (%(organization_id)s::uuid IS NULL OR organization_id = %(organization_id)s)
        AND id < coalesce(%(after)s::uuid, {GREATEST_ID})
    ORDER BY id DESC LIMIT %(limit)s
"""

SET_TAX_RULE = f"""
    INSERT INTO tax_rules (id, country, currency, category, up_to, basis_points, sac_code, valid_from, valid_until)
    VALUES (%(id)s, %(country)s, %(currency)s, %(category)s, %(up_to)s, %(basis_points)s, %(sac_code)s,
        %(valid_from)s, %(valid_until)s)
    ON CONFLICT (id) DO UPDATE SET valid_until = excluded.valid_until
    RETURNING {TAX_RULE}
"""

LIST_TAX_RULES = f"""
    SELECT {TAX_RULE} FROM tax_rules
    WHERE id < coalesce(%(after)s::uuid, {GREATEST_ID}) ORDER BY id DESC LIMIT %(limit)s
"""

SET_SHOW_TAX = """
    INSERT INTO show_taxes (show_id, seller_id, place_of_supply, category, prices_include_tax)
    VALUES (%(show_id)s, %(seller_id)s, %(place_of_supply)s, %(category)s, %(prices_include_tax)s)
    ON CONFLICT (show_id) DO UPDATE SET seller_id = excluded.seller_id, place_of_supply = excluded.place_of_supply,
        category = excluded.category, prices_include_tax = excluded.prices_include_tax
"""

_VERSION = "show_id, seller_id, place_of_supply, category, prices_include_tax"

KEEP_SHOW_TAX = f"""
    INSERT INTO show_tax_versions (valid_from, {_VERSION})
    SELECT to_timestamp(0), {_VERSION} FROM show_taxes t WHERE show_id = %(show_id)s
        AND NOT EXISTS (SELECT FROM show_tax_versions v WHERE v.show_id = t.show_id)
    ON CONFLICT DO NOTHING
"""
"""Keep what code from before has said of a show, before it is said anew."""

ADD_SHOW_TAX = f"""
    INSERT INTO show_tax_versions (valid_from, {_VERSION})
    SELECT greatest(boxoffice_clock(), max(valid_from)), %(show_id)s, %(seller_id)s, %(place_of_supply)s, %(category)s,
        %(prices_include_tax)s
    FROM show_tax_versions WHERE show_id = %(show_id)s
    ON CONFLICT (show_id, valid_from) DO UPDATE SET seller_id = excluded.seller_id,
        place_of_supply = excluded.place_of_supply, category = excluded.category,
        prices_include_tax = excluded.prices_include_tax
"""
"""Say it from now on; where the clock was set back, from the instant of what was said before."""

FORGET_SHOW_TAXES = """
    DELETE FROM show_tax_versions WHERE show_id = %(show_id)s AND valid_from < (
        SELECT max(valid_from) FROM show_tax_versions
        WHERE show_id = %(show_id)s AND valid_from <= boxoffice_clock() - interval '1 day'
    )
"""
"""Forget what had been said anew a day ago: no hold is so old, and bookings have their seller."""

FIND_SHOW_TAX = f"SELECT {SHOW_TAX} FROM show_taxes WHERE show_id = %(show_id)s"

TERMS = f"""
    SELECT show.taxed_from, {selected(ShowTax, of="show")}, {selected(Seller, of="seller")},
        rule.id AS rule_id, rule.currency, rule.up_to, rule.basis_points, rule.sac_code, rule.valid_from,
        rule.valid_until
    FROM (
        SELECT valid_from AS taxed_from, {_VERSION} FROM show_tax_versions WHERE show_id = ANY(%(show_ids)s)
        UNION ALL
        SELECT to_timestamp(0), {_VERSION} FROM show_taxes t WHERE show_id = ANY(%(show_ids)s)
            AND NOT EXISTS (SELECT FROM show_tax_versions v WHERE v.show_id = t.show_id)
    ) AS show
    JOIN sellers seller ON seller.id = show.seller_id
    LEFT JOIN tax_rules rule ON rule.country = seller.country AND rule.category = show.category
"""
"""How tickets of shows are taxed, each time that it was said: a row for each rule of the category, or one without."""
