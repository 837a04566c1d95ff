"""Messages about reviews."""

from uuid import UUID

from boxoffice.inventory.v1 import reviews_pb2 as pb

from services.chassis.wire.identity import caller
from services.chassis.wire.times import to_timestamp
from services.inventory.reviews.domain import Review, Words


def parse_words(request: pb.WriteReviewRequest) -> Words:
    """Parse what a user wants to say. The name is the one that the access token of the same user says."""
    who = caller.get()
    is_theirs = who is not None and who.user_id == UUID(request.user_id)
    return Words(request.rating, request.text, who.shown_name if who is not None and is_theirs else "")


def render(review: Review, *, for_admin: bool = False) -> pb.Review:
    """Render a review; for admins, with how often it was reported."""
    return pb.Review(
        id=str(review.id),
        event_id=str(review.event_id),
        rating=review.rating,
        text=review.text,
        shown_name=review.shown_name,
        created_at=to_timestamp(review.created_at),
        updated_at=to_timestamp(review.updated_at) if review.updated_at else None,
        hidden=review.hidden_at is not None,
        reports=review.reports if for_admin else 0,
    )


def is_admin() -> bool:
    """Tell whether the present caller sees what is hidden."""
    who = caller.get()
    return who is not None and "ADMIN" in who.roles
