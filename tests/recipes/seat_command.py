"""The command on seats that CONTRIBUTING has as an example: RenewHolds begins a user's holds anew."""

from __future__ import annotations

from tests.recipes.recipe import Recipe, after, before

NAME = "RenewHolds"

RPC = """
  // Begins a user's holds in a show anew, with all their time and until the end of sales at the latest, and a new life.
  // A hold never gets less time than it has.
  //
  // INVALID_ARGUMENT INVALID_FIELD: a field breaks its rule.
  // NOT_FOUND SHOW_NOT_FOUND: there is no such show.
  // FAILED_PRECONDITION NOTHING_HELD: the user holds no seat of the show.
  // ALREADY_EXISTS IDEMPOTENCY_KEY_REUSED: the key was used for another request.
  rpc RenewHolds(RenewHoldsRequest) returns (RenewHoldsResponse) {
    option (boxoffice.policy.v1.policy) = {
      allow: [
        OWNER,
        ADMIN
      ]
      budget: SALES
    };
    option (google.api.http) = {
      post: "/api/v1/bookings/holds/{user_id}/renew"
      body: "*"
    };
  }
"""

MESSAGES = """// RenewHoldsRequest asks for a user's holds to last longer.
message RenewHoldsRequest {
  // The user (UUID).
  string user_id = 1 [(buf.validate.field).string.uuid = true];
  // The show (UUID).
  string show_id = 2 [(buf.validate.field).string.uuid = true];
  // Makes the request safe to repeat: the same key and request give the same answer. Up to 200 visible ASCII
  // characters; may also be sent as the header `Idempotency-Key`.
  string idempotency_key = 3 [(buf.validate.field).string.pattern = "^[!-~]{0,200}$"];
}

// RenewHoldsResponse tells until when the seats are held.
message RenewHoldsResponse {
  // The show (UUID).
  string show_id = 1;
  // When the first of the holds lapses.
  google.protobuf.Timestamp expires_at = 2;
}

"""

COMMAND = '''@dataclass(frozen=True, slots=True, kw_only=True)
class RenewHolds(SeatCommand[A]):
    """Begin a user's holds anew, never for less time than they have, and never past the end of sales."""

    user_id: UUID
    once: Once[Held, Any] | None = None

    def apply(self, show: LockedShow, now: datetime, rules: SeatRules) -> Held:
        """Renew all holds, or raise NothingHeld."""
        seats = [seat for seat in show.seats_of(self.user_id, now) if seat.status == SeatStatus.HELD]
        if not seats:
            raise NothingHeld()
        until = show.until(now + rules.hold)
        for seat in seats:
            if seat.expires_at is not None and seat.expires_at < until:
                show.put(replace(seat, held_at=now, expires_at=until))
        return Held(self.show_id, self.user_id, [show.seats[seat.id] for seat in seats], show.currency, now)


'''

ERROR = '''class NothingHeld(FailedPrecondition):
    """The user holds no seat of this show: hold seats first."""

    reason = "NOTHING_HELD"


'''

HANDLER = """\
    async def RenewHolds(self, request: pb.RenewHoldsRequest, context: Context) -> pb.RenewHoldsResponse:
        user_id = UUID(request.user_id)
        renew: RenewHolds[pb.RenewHoldsResponse] = RenewHolds(
            show_id=UUID(request.show_id),
            user_id=user_id,
            once=Once(key_of(request, "RenewHolds", user_id), pb.RenewHoldsResponse, renewed),
        )
        return await self._desk.submit(renew)

"""

RENDERED = '''def renewed(answer: Held) -> pb.RenewHoldsResponse:
    """Render holds that last longer."""
    whole = held(answer)
    return pb.RenewHoldsResponse(show_id=whole.show_id, expires_at=whole.expires_at)


'''

CLIENT = "    renew_holds = Method(Inventory, inventory.RenewHoldsRequest, inventory.RenewHoldsResponse)\n"

CLIENT_ERROR = '''class NothingHeld(FailedPrecondition):
    """The user holds no seat of the show."""

    reason = "NOTHING_HELD"


'''

TEST = """def test_renewed_holds_have_their_full_time_again(show: LockedShow) -> None:
    hold(show, 0)
    later = NOW + timedelta(minutes=2)
    [seat] = RenewHolds(show_id=show.id, user_id=ANN).apply(show, later, RULES).seats
    assert seat.expires_at == later + RULES.hold
    with pytest.raises(NothingHeld):
        RenewHolds(show_id=show.id, user_id=uuid4()).apply(show, later, RULES)


"""

MUTATION = """async def renew_holds(client: Client, show: Show) -> Case:
    user, another, elsewhere = new_user(), new_user(), await client.make_show()
    for who, where in ((user, show), (another, show), (user, elsewhere)):
        ok(await client.hold(where, who, where.seats[: 1 if who == user else 2][-1:]))

    def of(who: str, show_id: str) -> Json:
        return {"userId": who, "showId": show_id}

    effects = "SELECT sequence - 2 FROM show_counters WHERE show_id = %s"
    refused = of(user, str(uuid4()))
    return Case(of(user, show.id), of(user, elsewhere.id), refused, of(another, show.id), "inventory", effects, show.id)


"""

PLAY = """@operation
async def renew_holds(world: World) -> AsyncIterator[None]:
    (show, seats), user = await world.some(), new_user()
    held = ok(await world.client.hold(show, user, seats))
    yield
    answer = await world.send("POST", f"bookings/holds/{user}/renew", {"showId": show.id})
    yield
    assert answer["expiresAt"] > held["expiresAt"]
    ok(await world.client.ask("DELETE", f"bookings/holds/{user}"))


"""

CHANGE = "- `RenewHolds` begins a user's holds in a show anew.\n"

PROTO = "protos/boxoffice/inventory/v1/inventory.proto"
RECIPE = Recipe(
    {
        PROTO: [
            before("\n  // Reserves seats to bookings:", RPC),
            before("// The claim of a booking on seats.\n", MESSAGES),
        ],
        "services/inventory/errors.py": [before("class ShowStarted(", ERROR)],
        "services/inventory/seats/commands.py": [
            after("    HoldLimitExceeded,\n", "    NothingHeld,\n"),
            before("@dataclass(frozen=True, slots=True, kw_only=True)\nclass Reserve(", COMMAND),
        ],
        "services/inventory/seats/messages.py": [before("def reservation(", RENDERED)],
        "services/inventory/seats/rpc.py": [
            after("    Extend,\n", "    RenewHolds,\n"),
            after("    prices,\n", "    renewed,\n"),
            before("    async def ExtendHolds(", HANDLER),
        ],
        "audit/invariants/keys.py": [('"HoldSeats")', '"HoldSeats", "RenewHolds")')],
        "gateway/openapi/examples.py": [after('    "HoldSeats": _SEATS,\n', '    "RenewHolds": {"showId": SHOW},\n')],
        "clients/python/boxoffice_client/methods.py": [before("    release_holds = ", CLIENT)],
        "clients/python/boxoffice_client/reasons.py": [before("class BookingNotPending(", CLIENT_ERROR)],
        "tests/inventory/test_seat_rules.py": [
            ("import ClaimClosed, SalesEnded", "import ClaimClosed, NothingHeld, SalesEnded"),
            ("Confirm, Extend, Hold,", "Confirm, Extend, RenewHolds, Hold,"),
            before("def test_releasing_holds_leaves_reservations(", TEST),
        ],
        "tests/system/mutations.py": [
            before("async def create_booking(", MUTATION),
            after('    "HoldSeats": hold_seats,\n', '    "RenewHolds": renew_holds,\n'),
        ],
        "tests/faults/operations.py": [before("@operation\nasync def release_holds(", PLAY)],
        "CHANGELOG.md": [after("### Added\n\n", CHANGE)],
    }
)
