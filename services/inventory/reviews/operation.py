"""Changing reviews under the lock of their event, so that their number and their sum are exact."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows
from services.inventory.errors import EventNotFound, ReviewNotFound
from services.inventory.reviews import statements as sql
from services.inventory.reviews.domain import Review, ReviewName, Words, hidden, reported, written


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """The wish to change a review of an event: the user's own, or the one of an id."""

    urgent: ClassVar[bool] = False

    event_id: UUID
    user_id: UUID
    review_id: UUID | None = None

    @property
    def key(self) -> UUID:
        """The event, which is locked."""
        return self.event_id

    @property
    def name(self) -> ReviewName:
        """The event, and the user who asks."""
        return (self.event_id, self.user_id)


@dataclass(frozen=True, slots=True)
class Write(ReviewChange):
    """The wish to review an event, or to say something else of it."""

    words: Words = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Delete(ReviewChange):
    """The wish to take one's review back."""


@dataclass(frozen=True, slots=True)
class Hide(ReviewChange):
    """An admin's wish to hide a review from others, or to show it again."""

    is_hidden: bool = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Report(ReviewChange):
    """The wish to tell admins of a review."""


@dataclass(frozen=True, slots=True)
class LockedReviews:
    """Reviews that nobody else changes meanwhile."""

    now: datetime
    events: frozenset[UUID]
    """Those that there are, for everybody to see."""
    own: dict[ReviewName, Review]
    by_id: dict[UUID, Review]
    witnesses: frozenset[ReviewName]
    reports: set[tuple[UUID, UUID]]
    """Reviews and the users who have reported them."""
    changed: dict[UUID, Review] = field(default_factory=dict)
    deleted: set[UUID] = field(default_factory=set)
    new_reports: list[tuple[UUID, UUID]] = field(default_factory=list)
    counts: Counter[UUID] = field(default_factory=Counter)
    totals: Counter[UUID] = field(default_factory=Counter)

    def put(self, before: Review | None, after: Review | None) -> None:
        """Note what becomes of a review, and of its event's ratings by that."""
        for review, sign in ((before, -1), (after, 1)):
            if review is not None and review.counted is not None:
                self.counts[review.event_id] += sign
                self.totals[review.event_id] += sign * review.counted
        if after is not None:
            self.own[after.name] = self.by_id[after.id] = self.changed[after.id] = after
        elif before is not None:
            del self.own[before.name]
            self.by_id.pop(before.id, None)
            self.changed.pop(before.id, None)
            self.deleted.add(before.id)


class ChangeReviews(Operation[ReviewChange, LockedReviews, Review]):
    """Changes reviews; refuses with EventNotFound, NotThere, ReviewNotFound. A deleted one is answered as it was."""

    def reads(self, batch: Sequence[ReviewChange], *, wait: bool) -> dict[str, Statement]:
        """Lock the events, and read what there is."""
        events = {"event_ids": sorted({command.event_id for command in batch})}
        ids = {"ids": [command.review_id for command in batch if command.review_id is not None]}
        named = [command for command in batch if command.review_id is not None]
        reports = {"review_id": [each.review_id for each in named], "user_id": [each.user_id for each in named]}
        return {
            "events": (sql.LOCK_EVENTS, events),
            "clock": (READ_CLOCK, ()),
            "own": (sql.REVIEWS_BY_NAME, columns(batch, "event_id", "user_id")),
            "named": (sql.REVIEWS_BY_ID, ids),
            "reports": (sql.REPORTS, reports),
            "witnesses": (sql.WITNESSES, columns(batch, "event_id", "user_id")),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[ReviewChange], rows: Rows
    ) -> tuple[LockedReviews, Sequence[UUID]]:
        """Put what there is together."""
        own = {review.name: review for review in read(Review, rows["own"])}
        named = read(Review, rows["named"])
        return LockedReviews(
            now=rows["clock"][0].now,
            events=frozenset(row.event_id for row in rows["events"]),
            own=own | {review.name: review for review in named},
            by_id={review.id: review for review in (*own.values(), *named)},
            witnesses=frozenset((row.event_id, row.user_id) for row in rows["witnesses"]),
            reports={(row.review_id, row.user_id) for row in rows["reports"]},
        ), ()

    def decide(self, command: ReviewChange, state: LockedReviews) -> Review:
        """Return the review as it becomes, or as it was before it was deleted."""
        if command.event_id not in state.events:
            raise EventNotFound()
        before = self._before(command, state)
        match command:
            case Write():
                was_there = command.name in state.witnesses
                after = written(before, command.name, command.words, state.now, was_there=was_there)
            case Hide():
                after = hidden(before, state.now, is_hidden=command.is_hidden)
            case Report():
                report = (command.review_id or UUID(int=0), command.user_id)
                after = reported(before, command.user_id, again=report in state.reports)
                if after is not before:
                    state.reports.add(report)
                    state.new_reports.append(report)
            case _:
                if before is None:
                    raise ReviewNotFound()
                state.put(before, None)
                return before
        if after is not before:
            state.put(before, after)
        return after

    def _before(self, command: ReviewChange, state: LockedReviews) -> Review | None:
        """Return the review in question, if there is one of this event."""
        if command.review_id is None:
            return state.own.get(command.name)
        found = state.by_id.get(command.review_id)
        return found if found is not None and found.event_id == command.event_id else None

    async def write(self, tx: Transaction, state: LockedReviews) -> None:
        """Write the reviews, the reports, and what the events' ratings come to."""
        if state.changed:
            await tx.send(sql.WRITE_REVIEWS, _columns(list(state.changed.values())))
        if state.new_reports:
            review_ids, user_ids = map(list, zip(*state.new_reports, strict=True))
            await tx.send(sql.WRITE_REPORTS, {"review_id": review_ids, "user_id": user_ids, "now": state.now})
        if state.deleted:
            await tx.send(sql.DELETE_REPORTS, {"ids": sorted(state.deleted)})
            await tx.send(sql.DELETE_REVIEWS, {"ids": sorted(state.deleted)})
        if events := sorted(state.counts.keys() | state.totals.keys()):
            counts, totals = [state.counts[id_] for id_ in events], [state.totals[id_] for id_ in events]
            await tx.send(sql.RATE_EVENTS, {"event_id": events})
            await tx.send(sql.ADD_TO_RATINGS, {"event_id": events, "reviews": counts, "total": totals})


def _columns(reviews: Sequence[Review]) -> dict[str, list[object]]:
    names = ("id", "event_id", "user_id", "rating", "text", "shown_name")
    return columns(reviews, *names, "created_at", "updated_at", "hidden_at", "reports")
