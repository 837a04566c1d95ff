"""Values that make the document's examples, and the pages made from it, look like life."""

from __future__ import annotations

from typing import Any

USER = "0198c2a0-0000-7000-8000-000000000001"
EVENT = "0198c2a0-0000-7000-8000-000000000002"
IMAGE = "01a10a2e-6c52-7d1b-9d3c-5b0e8f6a7c91"
IMAGE_FILE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
VENUE = "0198c2a0-0000-7000-8000-000000000003"
SCREEN = "0198c2a0-0000-7000-8000-000000000004"
SHOW = "0198c2a0-0000-7000-8000-000000000005"
SEAT = "0198c2a0-0000-7000-8000-000000000006"
BOOKING = "0198c2a0-0000-7000-8000-000000000007"
PAYMENT = "0198c2a0-0000-7000-8000-000000000008"
SELLER = "0198c2a0-0000-7000-8000-00000000000a"
REVIEW = "0198c2a0-0000-7000-8000-00000000000d"
NOTICE = "0198c2a0-0000-7000-8000-00000000000e"
TICKET = "0198c2a0-0000-7000-8000-00000000000f"
OFFER = "0198c2a0-0000-7000-8000-000000000066"
ENDPOINT = "0198c2a0-0000-7000-8000-000000000010"
GATE = "0198c2a0-0000-7000-8000-000000000010"
SCAN = "0198c2a0-0000-7000-8000-000000000011"
CODE = "this is not the code of a ticket"
TAX_RULE = "0198c2a0-0000-7000-8000-00000000000b"
SESSION = "sess_0198c2a0-0000-7000-8000-000000000009"
COUPON = "0198c2a0-0000-7000-8000-00000000000c"
ORGANIZATION = "0198c2a0-0000-7000-8000-00000000000d"
PAGE = f"http://127.0.0.1:8001/api/v1/payments/fake-checkout/{SESSION}"

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl"

VALUES: dict[str, Any] = {
    "accessToken": TOKEN,
    "address": "4 Tamarind Lane",
    "amount": 50000,
    "CancellationRefund.amount": "5000000",
    "Line.amount": "5000000",
    "Line.refundedAmount": "2500000",
    "Total.amount": "5000000",
    "Total.refundedAmount": "2500000",
    "available": 92,
    "basisPoints": 1800,
    "bookingId": BOOKING,
    "city": "Pune",
    "country": "IN",
    "currency": "INR",
    "description": "A postman delivers thirty years of lost mail.",
    "durationMinutes": 128,
    "eventId": EVENT,
    "email": "asha@example.com",
    "expiresIn": 300,
    "held": 4,
    "language": "hi",
    "legalName": "Regal Talkies Private Limited",
    "movieId": EVENT,
    "name": "Lantern House",
    "number": 7,
    "organizationId": ORGANIZATION,
    "paymentId": PAYMENT,
    "paymentUrl": PAGE,
    "percentage": 100,
    "placeOfSupply": "27",
    "price": 25000,
    "refundAmount": 50000,
    "refundPercentage": 100,
    "released": 2,
    "row": "C",
    "sacCode": "999614",
    "screen": "Screen 1",
    "screenId": SCREEN,
    "screenName": "Screen 1",
    "seatCount": 100,
    "section": "Stalls",
    "sellerId": SELLER,
    "sequence": 17,
    "sessionId": SESSION,
    "showId": SHOW,
    "state": "27",
    "taxNumber": "27AAPFU0939F1ZV",
    "reviewId": REVIEW,
    "noticeId": NOTICE,
    "ticketId": TICKET,
    "offerId": OFFER,
    "TicketOffer.id": OFFER,
    "TicketOffer.email": "ravi@example.com",
    "TicketOffer.recipientName": "Ravi",
    "TicketOffer.kind": "ADULT",
    "TicketOffer.seatLabel": "Stalls C7",
    "Ticket.recipientName": "Ravi",
    "taxRuleId": TAX_RULE,
    "theatre": "Lantern House",
    "timeZone": "Asia/Kolkata",
    "title": "Monsoon Letters",
    "total": 100,
    "totalAmount": 50000,
    "userId": USER,
    "venueId": VENUE,
    "venueName": "Lantern House",
    "Booking.id": BOOKING,
    "Coupon.code": "MONSOON20",
    "Coupon.id": COUPON,
    "Coupon.organizerId": USER,
    "Coupon.uses": 17,
    "CouponTerms.amount": 0,
    "CouponTerms.kind": "PERCENTAGE",
    "CouponTerms.maxUses": 1000,
    "CouponTerms.maxUsesPerUser": 1,
    "CouponTerms.maximumDiscount": 20000,
    "CouponTerms.minimumAmount": 0,
    "CouponTerms.percentage": 20,
    "endpointId": ENDPOINT,
    "Event.id": EVENT,
    "WebhookAttempt.durationMs": 84,
    "WebhookAttempt.number": 17,
    "WebhookAttempt.outcome": "TAKEN",
    "WebhookAttempt.status": 204,
    "WebhookEndpoint.id": ENDPOINT,
    "WebhookEndpoint.sentTo": 17,
    "WebhookEndpoint.state": "ENABLED",
    "WebhookEndpoint.types": ["BOOKING_CONFIRMED"],
    "WebhookEndpoint.url": "https://hooks.lantern.example/boxoffice",
    "WebhookEndpointWithSecret.secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "WebhookMessage.content": '{"type":"booking.confirmed","timestamp":"2026-11-21T18:00:00.000Z","number":17}',
    "WebhookMessage.id": f"msg_{ENDPOINT}",
    "WebhookMessage.number": 17,
    "WebhookMessage.type": "BOOKING_CONFIRMED",
    "ListWebhookMessagesResponse.last": 17,
    "Fee.name": "Booking fee",
    "Kind.kind": "CHILD",
    "Kind.basisPoints": 5000,
    "Kind.atMost": 4,
    "Seat.kind": "ADULT",
    "Fee.basisPoints": 0,
    "Fee.amount": 4900,
    "Image.id": IMAGE,
    "Picture.url": f"/api/v1/image-files/{IMAGE_FILE}",
    "GetImageFileRequest.name": IMAGE_FILE,
    "Invoice.number": "I/2627/1",
    "Movie.id": EVENT,
    "Payment.id": PAYMENT,
    "Payment.refundedAmount": 0,
    "Refund.amount": 50000,
    "Row.row": "C",
    "Screen.id": SCREEN,
    "Screen.name": "Screen 1",
    "Seat.id": SEAT,
    "Seller.id": SELLER,
    "Session.id": SESSION,
    "Session.paymentMethod": "pm_succeed",
    "Session.refundedAmount": 0,
    "Show.id": SHOW,
    "ShowSeat.id": SEAT,
    "Summary.booked": 4,
    "Summary.blocked": 0,
    "Summary.heldByMe": 0,
    "ShowTax.category": "TICKETS",
    "TaxRule.category": "TICKETS",
    "TaxRule.id": TAX_RULE,
    "Tokens.expiresIn": 900,
    "Tokens.refreshToken": "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8",
    "Tokens.tokenType": "Bearer",
    "User.id": USER,
    "Member.name": "Asha",
    "Organization.id": ORGANIZATION,
    "Organization.name": "Lantern Events",
    "User.name": "Asha",
    "Venue.id": VENUE,
}
"""What a field of an answer may hold, by its name, or by its message and name where that differs."""

_SEATS = {"showId": SHOW, "userId": USER, "showSeatIds": [SEAT]}

_FEE = {"name": "Booking fee", "per": "ORDER", "amount": 4900, "payer": "BUYER", "refundable": True}

_TERMS = {
    "kind": "PERCENTAGE",
    "percentage": 20,
    "currency": "INR",
    "maximumDiscount": 20000,
    "validUntil": "2099-12-31T18:30:00Z",
    "maxUses": 1000,
    "maxUsesPerUser": 1,
}

_ENDPOINT = {"url": "https://hooks.lantern.example/boxoffice", "types": ["BOOKING_CONFIRMED", "SHOW_CANCELLED"]}
BODIES: dict[str, dict[str, Any]] = {
    "CreateEvent": {
        "title": "Monsoon Letters, live",
        "description": "The songs of the film, by those who sang them.",
        "category": "CONCERT",
        "durationMinutes": 150,
        "language": "hi",
        "status": "PUBLISHED",
    },
    "ReorderImages": {"imageIds": [IMAGE]},
    "WriteReview": {"userId": USER, "rating": 5, "text": "Every song was worth the rain."},
    "ReportReview": {"eventId": EVENT, "userId": USER},
    "HideReview": {"eventId": EVENT, "hidden": True},
    "ReadNotice": {"userId": USER},
    "ReadAllNotices": {"userId": USER},
    "SetPreferences": {"userId": USER, "language": "hi", "reminders": True},
    "UpdateEvent": {"title": "Nine Rivers, Live Again", "language": "hi"},
    "PublishEvent": {},
    "UpdateVenue": {
        "timeZone": "Asia/Kolkata",
        "amenities": ["parking", "step-free access"],
        "capacity": "2,000, standing",
    },
    "RescheduleShow": {"startTime": "2031-01-02T18:00:00Z"},
    "UpdateShow": {"salesStartAt": "2026-11-21T09:00:00Z"},
    "CreateMovie": {
        "title": "Monsoon Letters",
        "description": "A postman delivers thirty years of lost mail.",
        "durationMinutes": 128,
        "language": "hi",
    },
    "CreateVenue": {"name": "Lantern House", "city": "Pune", "address": "4 Tamarind Lane"},
    "CreateScreen": {
        "name": "Screen 1",
        "sections": [
            {
                "name": "Stalls",
                "rows": [
                    {"label": "A", "seatCount": 10, "tier": "REGULAR"},
                    {"label": "B", "seatCount": 10, "tier": "PREMIUM"},
                ],
            }
        ],
    },
    "AddSection": {"name": "Balcony", "rows": 4, "seatsPerRow": 20, "priceMultiplier": 1500},
    "ImportHall": {
        "file": '{"format":"boxoffice-hall/1","name":"Screen 2","sections":[{"name":"Stalls","rows":'
        '[{"label":"A","tier":"REGULAR","seats":[{"label":"5"},{"label":"3"},{"label":"1"}]}]}]}'
    },
    "CreateShow": {
        "movieId": EVENT,
        "screenId": SCREEN,
        "startTime": "2099-11-21T18:30:00Z",
        "salesEndAt": "2099-11-21T18:15:00Z",
        "currency": "INR",
        "prices": [{"tier": "REGULAR", "price": 18000}, {"tier": "PREMIUM", "price": 25000}],
    },
    "BlockSeats": {"showSeatIds": _SEATS["showSeatIds"], "reason": "Sound desk"},
    "UnblockSeats": {"showSeatIds": _SEATS["showSeatIds"]},
    "BookGuests": {"guestUserId": USER, "showSeatIds": [SEAT], "guestName": "Asha Rao"},
    "CreateAccessCode": {"code": "SPONSOR-24", "reason": "Sponsors", "maxSeats": 20},
    "RevokeAccessCode": {"accessCodeId": "01a10a2e-6c52-7d1b-9d3c-5b0e8f6a7c90"},
    "SetShowPrices": {"prices": [{"tier": "REGULAR", "price": 20000}, {"tier": "PREMIUM", "price": 28000}]},
    "ExtendHolds": _SEATS,
    "HoldSeats": _SEATS,
    "ReleaseHolds": _SEATS,
    "QuoteBooking": _SEATS,
    "CreateBooking": _SEATS,
    "CancelBooking": {"userId": USER},
    "CreateCoupon": {"code": "MONSOON20", "terms": _TERMS},
    "UpdateCoupon": {"terms": _TERMS},
    "DeactivateCoupon": {},
    "CreateGate": {"name": "North", "showIds": [SHOW], "endsAt": "2031-01-01T00:00:00Z", "offline": "HOME"},
    "RotateGate": {},
    "RevokeGate": {},
    "CheckInTicket": {"showId": SHOW, "code": CODE, "gateTime": "2027-03-28T18:02:11Z"},
    "SyncScans": {
        "showId": SHOW,
        "sentAt": "2027-03-28T19:02:11Z",
        "scans": [
            {
                "key": "a7",
                "ticketId": TICKET,
                "revision": 1,
                "gateTime": "2027-03-28T18:02:11Z",
                "result": "ALREADY_USED",
            }
        ],
    },
    "UndoAdmission": {"scanId": SCAN, "reason": "The wrong ticket was shown."},
    "OfferTicket": {"userId": USER, "email": "ravi@example.com", "recipientName": "Ravi"},
    "WithdrawOffer": {"userId": USER},
    "AcceptOffer": {"userId": USER},
    "DeclineOffer": {"userId": USER},
    "ReturnTicket": {"userId": USER},
    "SearchBookings": {"organizationId": ORGANIZATION, "q": "asha"},
    "ValidateCoupon": {"userId": USER, "code": "monsoon20", "showId": SHOW},
    "RefundBooking": {"userId": USER},
    "SetSeller": {
        "legalName": "Regal Talkies Private Limited",
        "address": "12 Dr Ambedkar Road, Camp, Pune 411001",
        "country": "IN",
        "state": "27",
        "taxNumber": "27AAPFU0939F1ZV",
        "timeZone": "Asia/Kolkata",
    },
    "SetTaxRule": {
        "country": "IN",
        "currency": "INR",
        "category": "TICKETS",
        "basisPoints": 1800,
        "sacCode": "999614",
        "validFrom": "2025-09-21T18:30:00Z",
    },
    "SetShowTax": {"sellerId": SELLER, "placeOfSupply": "27", "category": "TICKETS", "pricesIncludeTax": True},
    "SetShowFees": {"fees": [_FEE]},
    "CancelEvent": {"token": "5f0c7f0e4b7a4c0d9a3e1b6f8d2c4a71", "reason": "The singer is ill."},
    "CancelShow": {"token": "5f0c7f0e4b7a4c0d9a3e1b6f8d2c4a71", "reason": "The singer is ill."},
    "SetShowKinds": {"kinds": [{"kind": "CHILD", "basisPoints": 5000, "atMost": 4}]},
    "GrantRefund": {"percentage": 100, "reason": "The hall was too cold."},
    "InitiatePayment": {"bookingId": BOOKING, "userId": USER},
    "SimulatePayment": {"result": "SUCCESS"},
    "Register": {"email": "asha@example.com", "password": "correct horse battery", "name": "Asha"},
    "Login": {"email": "asha@example.com", "password": "correct horse battery"},
    "Refresh": {"refreshToken": "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8"},
    "Logout": {"refreshToken": "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8"},
    "UpdateProfile": {"name": "Asha"},
    "ChangePassword": {"currentPassword": "correct horse battery", "newPassword": "battery horse correct"},
    "DeleteAccount": {"password": "correct horse battery"},
    "RequestEmailVerification": {},
    "RequestEmailChange": {"email": "asha.rao@example.com", "password": "correct horse battery"},
    "VerifyEmail": {"token": "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8"},
    "RequestPasswordReset": {"email": "asha@example.com"},
    "ResetPassword": {
        "token": "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8",
        "newPassword": "battery horse correct",
    },
    "SetRoles": {"roles": ["ORGANIZER"]},
    "RedriveRefunds": {"refundIds": ["0198c2a0-0000-7000-8000-00000000000f"]},
    "SetEmailVerified": {"emailVerified": True},
    "CreateOrganization": {"name": "Lantern Events"},
    "UpdateOrganization": {"name": "Lantern & Daughters"},
    "AddMember": {"email": "asha@example.com", "role": "BOX_OFFICE"},
    "SetMemberRole": {"memberId": USER, "role": "BOX_OFFICE"},
    "LeaveOrganization": {},
    "CreateWebhookEndpoint": {"organizationId": ORGANIZATION, **_ENDPOINT},
    "UpdateWebhookEndpoint": _ENDPOINT,
    "RotateWebhookSecret": {},
    "EnableWebhookEndpoint": {},
    "DisableWebhookEndpoint": {},
    "ResendWebhookMessage": {"number": 17},
    "ShareEvent": {"audience": "ORGANIZATIONS", "organizationIds": [ORGANIZATION]},
    "ShareVenue": {"audience": "EVERYBODY"},
}
"""What may be sent to each method that takes a body. Those that name nothing else work as they stand."""


def example_of(message: str, field: str) -> Any:
    """Return what a field of an answer may hold, or None."""
    return None if message.endswith("Request") else VALUES.get(f"{message}.{field}", VALUES.get(field))
