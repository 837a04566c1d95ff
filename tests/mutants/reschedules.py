"""Bugs of shows that are rescheduled, and of bookings that follow them."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

SHOWS = ("tests/inventory/test_rescheduling.py",)
FOLLOW = ("tests/booking/test_rescheduled_shows.py",)

MUTANTS = (
    Mutant(
        "a show is rescheduled over another one",
        "RescheduleShows.decide",
        "check_free(Slot(after.id, after.screen_id, after.starts_at, after.ends_at), state.slots[after.id])",
        "pass",
        REQUESTS,
        SHOWS,
    ),
    Mutant(
        "a hall is taken by a show without its lock",
        "RescheduleShows.load",
        "[show.id for show in moved if show.screen_id not in places]",
        "[]",
        REQUESTS,
        SHOWS,
    ),
    Mutant(
        "sales end before a claim does, by a show that is earlier",
        "RescheduleShows._check",
        "until is not None and end < until",
        "False",
        SEATS,
        SHOWS,
    ),
    Mutant(
        "a hall with other seats is taken",
        "DIFFERENT_SEATS",
        "WHERE n.screen_id IS NOT NULL",
        "WHERE n.screen_id IS NULL",
        SEATS,
        SHOWS,
    ),
    Mutant(
        "a show is rescheduled under no number",
        "RESCHEDULE_COUNTERS",
        "sequence = sequence + 1",
        "sequence = sequence + 0",
        REQUESTS,
        SHOWS,
    ),
    Mutant(
        "a booking is of the show that booking remembers",
        "CreateBookings._brought_up_to_date",
        "command.show.show_revision >= reserved.show_revision",
        "True",
        REQUESTS,
        FOLLOW,
    ),
    Mutant(
        "what is known of a show is not asked for again",
        "CatalogueClient.show",
        "known is not None and now < until and (known.show_revision >= revision)",
        "known is not None and now < until",
        REQUESTS,
        FOLLOW,
    ),
    Mutant(
        "bookings between two steps are forgotten",
        "FIND_OUTDATED",
        "state IN ('RESERVING', 'PENDING', 'CONFIRMING', 'EXPIRED', 'CONFIRMED')",
        "state IN ('PENDING', 'EXPIRED', 'CONFIRMED')",
        REQUESTS,
        FOLLOW,
    ),
    Mutant(
        "a revision that comes meanwhile is not followed",
        "NOTE_REVISIONS",
        "swept_to = NULL, done_at = NULL",
        "swept_to = NULL",
        REQUESTS,
        FOLLOW,
    ),
    Mutant(
        "nobody gets all back of a show that was rescheduled",
        "Booking.refunds_whole_at",
        "self.full_refund_until is not None and now < min(self.full_refund_until, self.show.starts_at)",
        "False",
        MONEY,
        FOLLOW,
    ),
    Mutant(
        "a show that has taken place is given back as it was booked for later",
        "Booking.refund_counts_from",
        "self.show.starts_at if self.show.starts_at <= now else max(booked, self.show.starts_at)",
        "max(booked, self.show.starts_at)",
        MONEY,
        FOLLOW,
    ),
    Mutant(
        "an edit of sales gives everybody his money back",
        "UPDATE_BOOKINGS",
        "CASE WHEN (starts_at, screen) IS DISTINCT FROM (%(starts_at)s, %(screen)s)",
        "CASE WHEN true",
        MONEY,
        FOLLOW,
    ),
    Mutant(
        "the seats of a claim that may come to life are archived",
        "Archive.archive_once",
        "expired = [one for one in old if one.state == State.EXPIRED]",
        "expired, closed = [], [one.id for one in old]",
        SEATS,
        FOLLOW,
    ),
)
