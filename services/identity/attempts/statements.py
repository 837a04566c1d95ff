"""Statements on attempts at passwords."""

_BUDGETS = "unnest(%(keys)s::bytea[], %(costs)s::float8[]) AS budget (key, seconds)"

WAIT = f"""
    SELECT extract(epoch FROM max(a.whole_at + make_interval(secs => seconds) - now - %(window)s::interval)) AS seconds
    FROM (SELECT boxoffice_clock() AS now) AS clock, {_BUDGETS}
    JOIN attempts a USING (key)
    WHERE a.whole_at + make_interval(secs => seconds) > now + %(window)s::interval
"""
"""How long it takes until the next attempt is allowed by all of these budgets; NULL where it is allowed now."""

SPEND = f"""
    INSERT INTO attempts AS a (key, whole_at)
    SELECT key, boxoffice_clock() + make_interval(secs => seconds) FROM {_BUDGETS} ORDER BY key
    ON CONFLICT (key) DO UPDATE
        SET whole_at = greatest(a.whole_at, boxoffice_clock()) + (excluded.whole_at - boxoffice_clock())
        WHERE greatest(a.whole_at, boxoffice_clock()) + (excluded.whole_at - boxoffice_clock())
            <= boxoffice_clock() + %(window)s::interval
    RETURNING key
"""
"""Count an attempt against each of these budgets; no row of those that are spent. Each attempt puts off by its cost
when all are allowed again, which may be one window away at most."""

COUNT = f"""
    INSERT INTO attempts AS a (key, whole_at)
    SELECT key, boxoffice_clock() + make_interval(secs => seconds) FROM {_BUDGETS} ORDER BY key
    ON CONFLICT (key) DO UPDATE SET whole_at = least(
        greatest(a.whole_at, boxoffice_clock()) + (excluded.whole_at - boxoffice_clock()),
        boxoffice_clock() + %(window)s::interval
    )
"""
"""Count an attempt against budgets that do not decide on it; what is spent stays so."""

FORGIVE = "DELETE FROM attempts WHERE key = %(key)s"
"""Forget the attempts that came before the right password."""

FORGET_ATTEMPTS = """
    DELETE FROM attempts WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM attempts WHERE whole_at < (SELECT boxoffice_clock())
        ORDER BY whole_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
"""
"""Forget what counts for nothing any more."""

IS_FAMILIAR = """
    SELECT key FROM familiar_networks WHERE key = %(key)s AND seen_at > boxoffice_clock() - %(familiar)s::interval
"""
"""Whether somebody has logged in to an account from a network; no row where nobody has for long."""

REMEMBER = """
    INSERT INTO familiar_networks AS f (key, seen_at) VALUES (%(key)s, boxoffice_clock())
    ON CONFLICT (key) DO UPDATE SET seen_at = excluded.seen_at WHERE f.seen_at < excluded.seen_at - interval '1 hour'
"""
"""Remember that somebody has logged in to an account from a network."""

FORGET_NETWORKS = """
    DELETE FROM familiar_networks WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM familiar_networks WHERE seen_at < (SELECT boxoffice_clock()) - %(familiar)s::interval
        ORDER BY seen_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
"""
"""Forget networks that are not familiar any more."""
