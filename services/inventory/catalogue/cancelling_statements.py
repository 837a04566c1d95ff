"""The statements by which shows are cancelled, and cleared of their claims."""

SHOWS_TO_CANCEL = """
    SELECT id, event_id FROM shows
    WHERE id = ANY(%(show_ids)s)
        OR (event_id = ANY(%(event_ids)s) AND (ends_at > boxoffice_clock() OR status = 'CANCELLED'))
    ORDER BY id
"""
"""Shows that are named, or that their events have and that have not ended."""

CANCEL_COUNTERS = """
    UPDATE show_counters SET status = 'CANCELLED', sequence = sequence + 1 WHERE show_id = ANY(%(show_ids)s)
"""
"""Cancel shows, under their next numbers: after the commit, no command takes, extends or confirms a claim of them."""

CANCEL_EVENTS = "UPDATE events SET status = 'CANCELLED' WHERE id = ANY(%(event_ids)s)"

CANCEL_SHOWS = "UPDATE shows SET status = 'CANCELLED' WHERE id = ANY(%(show_ids)s)"

WRITE_SHOW_CHANGES = """
    INSERT INTO show_changes (show_id, sequence, kind, changed_at)
    SELECT show_id, sequence, 'CANCELLED', %(now)s FROM show_counters WHERE show_id = ANY(%(show_ids)s)
"""

REMEMBER_CANCELLED = """
    INSERT INTO cancelled_shows (show_id, cancelled_at)
    SELECT show_id, %(now)s FROM unnest(%(show_ids)s::uuid[]) AS show_id
"""

NEXT_TO_CLEAR = "SELECT show_id FROM cancelled_shows WHERE cleared_at IS NULL ORDER BY cancelled_at LIMIT 1"

CLEARED = """
    UPDATE cancelled_shows SET cleared_at = boxoffice_clock()
    WHERE show_id = %(show_id)s AND cleared_at IS NULL
"""
"""None of a cancelled show's seats is held or reserved any more, and none ever will be."""
