"""Bugs of reminders, of links by which they are given up, and of declined payments."""

from tests.mutants.mutant import REQUESTS, Mutant

REMINDED = ("tests/notifications/test_reminders.py",)
MAILED = ("tests/notifications/test_reminder_mails.py",)
CHOSEN = ("tests/notifications/test_preferences.py",)

MUTANTS = (
    Mutant(
        "nobody looks whether events of bookings are unread before people are reminded",
        "Reminders.remind_once",
        "not near or await self._is_behind(near[0].now)",
        "not near",
        REQUESTS,
        REMINDED,
    ),
    Mutant(
        "a show that is moved is not reminded of anew",
        "reminders:PUT_SHOWS",
        "reminded_at = CASE WHEN s.starts_at = excluded.starts_at THEN s.reminded_at END",
        "reminded_at = s.reminded_at",
        REQUESTS,
        REMINDED,
    ),
    Mutant(
        "whoever is read late is not reminded",
        "reminders:LATE_BOOKINGS",
        "(s.reminded_to IS NOT NULL OR s.reminded_at IS NOT NULL)",
        "s.reminded_to IS NOT NULL",
        REQUESTS,
        REMINDED,
    ),
    Mutant(
        "who was confirmed within the window is reminded",
        "reminders:LATE_BOOKINGS",
        "b.changed_at <= s.starts_at - %(window)s::interval",
        "true",
        REQUESTS,
        REMINDED,
    ),
    Mutant(
        "a reminder goes though its show was moved since",
        "why_not_remind",
        "check.is_off",
        "False",
        REQUESTS,
        MAILED,
    ),
    Mutant(
        "a reminder goes though the ticket was given back",
        "why_not_remind",
        "not is_confirmed",
        "False",
        REQUESTS,
        MAILED,
    ),
    Mutant(
        "any token names a user",
        "Links.user_of",
        "not hmac.compare_digest(mac, self._mac(said)) or said[:1] != _REMINDERS",
        "said[:1] != _REMINDERS",
        REQUESTS,
        CHOSEN,
    ),
    Mutant(
        "opening a link gives reminders up",
        "PreferenceServicer.GetUnsubscribePage",
        "return await self._page(self._user(request.token), context, is_done=False)",
        "return await self.Unsubscribe(request, context)",
        REQUESTS,
        CHOSEN,
    ),
    Mutant(
        "a declined payment of a booking that is over is told",
        "declines:_failures",
        "booking.state == State.PENDING",
        "True",
        REQUESTS,
        ("tests/booking/test_booking_events.py",),
    ),
)
