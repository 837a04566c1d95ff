"""What the services refuse, as the shop says it: a sentence for each reason that customers and organizers meet.

A reason that is not here is told in the service's own sentence, which is English.
"""

from __future__ import annotations

from boxoffice_client import BoxofficeError
from web.languages import N_, _, language

SENTENCES = {
    "ACCESS_CODE_NOT_VALID": N_(
        "This access code cannot be used for these seats. Check its letters, or choose other seats."
    ),
    "ACCOUNT_DELETED": N_("This account is deleted, or about to be, and books nothing any more. Use another one."),
    "AMOUNT_NOT_PAYABLE": N_("The bank does not take this amount. Choose other seats."),
    "AMOUNT_TOO_LARGE": N_("These seats cost more at once than can be paid. Choose fewer."),
    "BOOKING_NOT_CONFIRMED": N_(
        "Only a booking that is paid can be given back. One that is not paid can be called off."
    ),
    "BOOKING_NOT_PENDING": N_("This booking does not wait for its payment any more. Look at it under My bookings."),
    "BOOKING_TO_COME": N_(
        "You have a booking that is under way, or of a show that is to come. Call it off or give it back first."
    ),
    "COMPANION_SEAT_ALONE": N_(
        "Some of these seats are for companions. Take them with the wheelchair seat that they belong to."
    ),
    "COUPON_NOT_USABLE": N_("This coupon cannot be used for this order. Leave it out, or use another one."),
    "EMAIL_NOT_VERIFIED": N_(
        "Free tickets are for visitors whose e-mail address is verified."
        " Have yours verified on your profile, and sign in again."
    ),
    "EMAIL_TAKEN": N_("There is an account of this e-mail address already. Sign in, or use another address."),
    "EVENT_HAS_SHOWS": N_("The event has dates, so this stays as it is. Make another event."),
    "EVENT_NOT_PUBLISHED": N_("This event is over or cancelled. Choose another one, or make one."),
    "EXPORT_TOO_LARGE": N_("These days have more lines than fit into one answer. Choose fewer days."),
    "FREE_BOOKING_LIMIT_EXCEEDED": N_("You made as many free bookings today as there can be. Come back tomorrow."),
    "HOLD_LIMIT_EXCEEDED": N_(
        "You have held seats of this show for too long without booking them. Book seats at once, or hold some later."
    ),
    "IDEMPOTENCY_KEY_REUSED": N_(
        "This form was sent before, with something else in it. Look at what became of that; open the page anew to send"
        " another."
    ),
    "IMAGE_BUSY": N_("The same picture is just being taken away. Send it again in a moment."),
    "IMAGE_LIMIT_EXCEEDED": N_("There are as many pictures as there may be. Take some away first."),
    "IMAGE_TOO_LARGE": N_("This picture has too many pixels. Save it smaller, and send that."),
    "KIND_LIMIT_EXCEEDED": N_(
        "One booking may not have so many tickets of this kind. Choose another kind for some of them."
    ),
    "KIND_NOT_OFFERED": N_("There are no tickets of this kind for these seats. Choose another kind."),
    "NOT_THERE": N_(
        "Only who had a seat at a show of this event that is over may review it. Come back after the show."
    ),
    "ORGANIZATION_LIMIT_EXCEEDED": N_("You are in as many organizations as one may be in. Leave one first."),
    "OVERLOADED": N_("Too much is going on right now. Try again in a moment."),
    "PASSWORD_WRONG": N_("This is not your password. Check it."),
    "PAYMENT_ATTEMPTS_EXCEEDED": N_("Ten payments were begun for this booking already. Make a new booking."),
    "PAYMENT_IN_PROGRESS": N_("A payment for this booking is just being settled. Look at it again in a moment."),
    "PAYMENT_OPEN": N_("You have a payment or a refund that is under way. Wait until it is done."),
    "PERMISSION_DENIED": N_("This is not allowed to you. Ask somebody who may do it."),
    "PRICE_LIST_LIMIT_EXCEEDED": N_("The prices of this date were changed as often as they may be. They stay."),
    "RATE_LIMITED": N_("Too much is going on right now. Try again in a moment."),
    "REFUND_NOT_ALLOWED": N_("It is too close to the show to give seats back. Your tickets stay good."),
    "REQUEST_IN_PROGRESS": N_("This is just being done. Look again in a moment."),
    "RESCHEDULE_TOO_LATE": N_("It begins too soon to be moved. It takes place as it is, or is cancelled."),
    "SALES_ENDED": N_("Sales for this show are over. Choose another show."),
    "SALES_NOT_STARTED": N_("Sales for this show have not begun yet. Come back when they do."),
    "SCREEN_ALREADY_EXISTS": N_("The venue has a hall of this name. Choose another name."),
    "SCREEN_LIMIT_EXCEEDED": N_("The venue has as many halls as it may have. Choose another venue."),
    "SEATS_NOT_HELD": N_("You do not hold these seats any more. Choose seats once more."),
    "SEATS_NOT_LEFT": N_("These seats were given back before. Look at which ones are left."),
    "SEATS_UNAVAILABLE": N_("Some of these seats are taken. Choose others."),
    "SEAT_LIMIT_EXCEEDED": N_("That would be more seats of one show than you may have. Choose fewer."),
    "SEAT_NOT_FOUND": N_("The show has no such seats. Choose seats once more."),
    "SELLER_FIXED": N_(
        "This seller is there already, and only its name and address can change. Open the page anew to add another."
    ),
    "SHOW_CANCELLED": N_("This show is cancelled. Choose another show."),
    "SHOW_ENDED": N_("This show is over."),
    "SHOW_OVERLAPS": N_("Another date is in this hall at that time. Choose another time, or another hall."),
    "SHOW_STARTED": N_("This show has begun. Choose another show."),
    "SHOW_UNDER_WAY": N_("It has begun: only those who run this shop can cancel it now."),
    "TAX_NUMBER_TAKEN": N_("Another seller has this tax number. Choose that seller, or look for a slip in the number."),
    "TICKET_ADMITTED": N_(
        "Somebody was let in with the tickets of these seats. Give others back, or ask the organizer."
    ),
    "ADDRESS_NOT_VERIFIED": N_("This offer is made to your address, which is not verified. Verify it, then accept."),
    "BOOKING_UNDER_WAY": N_("You are just booking seats of this show. Try again in a moment."),
    "OFFER_OPEN": N_("This ticket is offered to somebody already. Take that offer back first."),
    "OFFER_OVER": N_("This offer is open no more."),
    "TICKET_LIMIT_EXCEEDED": N_(
        "You would have more tickets of this show than one may have. Decline it, or give seats back."
    ),
    "TICKET_NOT_TRANSFERABLE": N_("This ticket cannot change hands any more, or not to you."),
    "TICKET_TRANSFERRED": N_("Somebody else has the tickets of these seats. They can give them back to you."),
    "TOO_MANY_OFFERS": N_("This ticket was offered five times within a day. Try again tomorrow."),
    "TICKET_REVOKED": N_("The seat of this ticket was given back, so that it lets nobody in."),
    "TOO_MANY_ACCESS_CODES": N_("Too many access codes were tried. Try again later, or go on without one."),
    "TOO_MANY_ATTEMPTS": N_("Too many attempts. Wait a while before the next one."),
    "TOO_MANY_CODES": N_("Too many coupons were tried. Try again later, or go on without one."),
    "TOO_MANY_SEARCHES": N_("That were many searches at once. Try again in a moment."),
    "TOO_MANY_SHOWS": N_("The event has more dates to come than can be cancelled at once. Cancel some of them first."),
    # At the office and for admins.
    "ACCESS_CODE_EXISTS": N_("The show has a code of these letters already. Choose another one."),
    "ACCESS_CODE_LIMIT_EXCEEDED": N_("The show has as many access codes as it may have."),
    "CANCELLATION_IN_PROGRESS": N_("This show is being cancelled right now. Look again in a moment."),
    "COUPON_CODE_TAKEN": N_("There is a coupon of this code already. Capitals make no difference. Choose another one."),
    "COUPON_USED_MORE": N_("This coupon is used more often already than that would allow. Choose a larger number."),
    "GATE_OVER": N_("This gate was revoked, or has ended. Make another one."),
    "LAST_ADMIN": N_("Nobody would be an admin any more. Make somebody else an admin first."),
    "LAST_OWNER": N_("The organization would have no owner any more. Make somebody else an owner first."),
    "MEMBER_ALREADY_EXISTS": N_("This account is in the team already, in another role. Change that one."),
    "MEMBER_LIMIT_EXCEEDED": N_("The team has as many members as it may have. Remove somebody first."),
    "MEMBER_NOT_FOUND": N_("This account is in the team no more. Load the page again."),
    "SCAN_NOT_ADMITTED": N_("Nobody is in by this scan."),
    "SEATS_NOT_BLOCKED": N_("Some of these seats are for sale. Guests get blocked seats: block them first."),
    "USER_NOT_FOUND": N_("No account has this e-mail address."),
    "TOO_MANY_RESENDS": N_("Many messages wait already to be sent once more. Try again in a moment."),
    "TOO_MANY_WEBHOOK_ENDPOINTS": N_("The organization has as many endpoints as it may have. Delete one first."),
    "WEBHOOK_ENDPOINT_DISABLED": N_("This endpoint is sent no messages now. Switch it on first."),
    "WEBHOOK_ENDPOINT_EXISTS": N_("The organization has an endpoint of this URL already."),
    "WEBHOOK_MESSAGE_NOT_FOUND": N_("There is no such message, or it is not kept any more."),
}

RULES = {
    N_("must be an e-mail address of 3 to 254 characters, such as alice@example.com"),
    N_("must be a text of 8 to 128 characters without NUL characters"),
    N_("must be a text of 1 to 128 characters without NUL characters"),
    N_("must be a text of up to 100 characters in one line, without invisible ones"),
    N_("must be a text of 1 to 100 characters in one line, without invisible ones"),
    N_("must be a telephone number with its country's code, such as +919876543210"),
    N_("must be a day, such as 2027-03-28"),
    N_("must be a code of 3 to 32 letters and digits of ASCII, - and _"),
    N_("must be a code of 6 to 32 letters and digits of ASCII, and -"),
}
"""What the contracts say of fields that customers fill in."""

LABELS = {
    "accessCode": N_("Access code"),
    "city": N_("City"),
    "couponCode": N_("Coupon"),
    "dateFrom": N_("From"),
    "dateTo": N_("To"),
    "email": N_("E-mail address"),
    "name": N_("Name"),
    "recipientName": N_("Name"),
    "password": N_("Password"),
    "phone": N_("Phone"),
    "q": N_("Words"),
    "maxSeats": N_("How many seats in all"),
    "reason": N_("Why"),
    "types": N_("Messages"),
    "url": N_("URL"),
}
"""What the pages call the fields of requests that visitors fill in."""


def said(error: BoxofficeError) -> str:
    """Return what a service refused, in the visitor's language: each field that is wrong, or the reason."""
    if error.violations:
        return " ".join(_of_field(field, rule) for field, rule in error.violations)
    return _(SENTENCES[error.reason]) if error.reason in SENTENCES else error.message


def rule(text: str) -> str:
    """Return what a service says of a field, as a sentence that stands at it, in the visitor's language."""
    if text in RULES or language() == "en":
        shown = _(text)
        return f"{shown[:1].upper()}{shown[1:]}."
    return _("Check what is written here.")


def _of_field(field: str, rule: str) -> str:
    label = _(LABELS[field]) if field in LABELS else field
    if rule in RULES or language() == "en":
        return _("%(field)s: %(rule)s.") % {"field": label, "rule": _(rule)}
    return _("%(field)s: check what is written here.") % {"field": label}
