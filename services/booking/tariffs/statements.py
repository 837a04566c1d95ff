"""Statements about tariffs."""

FEES = """
    SELECT show_id AS fees_show_id, valid_from AS fees_from, names AS fee_names, pers AS fee_pers,
        amounts AS fee_amounts, basis_points AS fee_points, payers AS fee_payers, refundables AS fee_refundables
    FROM show_fees WHERE show_id = ANY(%(show_ids)s)
"""
"""The fees of shows, each time that they were set, as far as it is kept."""

KINDS = """
    SELECT show_id AS kinds_show_id, valid_from AS kinds_from, kinds, tiers AS kind_tiers, prices AS kind_prices,
        basis_points AS kind_points, at_mosts AS kind_limits
    FROM show_kinds WHERE show_id = ANY(%(show_ids)s)
"""
"""What kinds of tickets of shows cost, each time that it was set, as far as it is kept."""

SET_FEES = """
    INSERT INTO show_fees AS f (show_id, valid_from, names, pers, amounts, basis_points, payers, refundables)
    SELECT %(show_id)s, greatest(boxoffice_clock(), max(valid_from)), %(names)s::text[], %(pers)s::text[],
        %(amounts)s::int[], %(basis_points)s::int[], %(payers)s::text[], %(refundables)s::bool[]
    FROM show_fees WHERE show_id = %(show_id)s
    ON CONFLICT (show_id, valid_from) DO UPDATE SET
        names = excluded.names, pers = excluded.pers, amounts = excluded.amounts,
        basis_points = excluded.basis_points, payers = excluded.payers, refundables = excluded.refundables
"""
"""Set the fees of a show from now on; where the clock was set back, from the instant of those before."""

SET_KINDS = """
    INSERT INTO show_kinds (show_id, valid_from, kinds, tiers, prices, basis_points, at_mosts)
    SELECT %(show_id)s, greatest(boxoffice_clock(), max(valid_from)), %(kinds)s::text[], %(tiers)s::text[],
        %(prices)s::int[], %(basis_points)s::int[], %(at_mosts)s::int[]
    FROM show_kinds WHERE show_id = %(show_id)s
    ON CONFLICT (show_id, valid_from) DO UPDATE SET
        kinds = excluded.kinds, tiers = excluded.tiers, prices = excluded.prices,
        basis_points = excluded.basis_points, at_mosts = excluded.at_mosts
"""
"""Set what kinds of tickets of a show cost from now on; as SET_FEES does."""

FORGET_FEES = """
    DELETE FROM show_fees WHERE show_id = %(show_id)s AND valid_from < (
        SELECT max(valid_from) FROM show_fees
        WHERE show_id = %(show_id)s AND valid_from <= boxoffice_clock() - interval '1 day'
    )
"""
"""Forget what had been set anew a day ago: no hold is so old, and bookings have their lines."""

FORGET_KINDS = FORGET_FEES.replace("show_fees", "show_kinds")
"""The same of kinds."""
