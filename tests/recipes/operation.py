"""The operation that CONTRIBUTING has as an example: DescribeEvent, a write that nobody batches."""

from __future__ import annotations

from tests.recipes.recipe import Recipe, after, before

RPC = """\
  // Gives an event another description. A movie is an event.
  //
  // INVALID_ARGUMENT INVALID_FIELD: a field breaks its rule.
  // NOT_FOUND EVENT_NOT_FOUND: there is no such event.
  // ALREADY_EXISTS IDEMPOTENCY_KEY_REUSED: the key was used for another request.
  rpc DescribeEvent(DescribeEventRequest) returns (Event) {
    option (boxoffice.policy.v1.policy) = {
      allow: [
        ORGANIZER,
        ADMIN
      ]
      budget: SALES
    };
    option (google.api.http) = {
      patch: "/api/v1/events/{event_id}"
      body: "*"
    };
  }

"""

MESSAGE = """\
// DescribeEventRequest gives an event another description.
message DescribeEventRequest {
  // The event (UUID).
  string event_id = 1 [(buf.validate.field).string.uuid = true];
  // What it is about; 1 to 4,000 characters; in several lines, nothing invisible.
  string description = 2 [
    (boxoffice.text.v1.text) = PARAGRAPHS,
    (buf.validate.field).string = {
      min_len: 1
      max_len: 4000
      pattern: "^[^\\\\x00-\\\\x08\\\\x0b-\\\\x1f\\\\x7f]*$"
    }
  ];
  // Makes the request safe to repeat: the same key and request give the same answer. Up to 200 visible ASCII
  // characters; may also be sent as the header `Idempotency-Key`.
  string idempotency_key = 3 [(buf.validate.field).string.pattern = "^[!-~]{0,200}$"];
}

"""

STATEMENTS = '''
LOCK_EVENTS = f"{EVENTS} ORDER BY id FOR UPDATE"

DESCRIBE_EVENTS = """
    UPDATE events e SET description = new.description
    FROM unnest(%(id)s::uuid[], %(description)s::text[]) AS new (id, description) WHERE e.id = new.id
"""
"""Give events other descriptions. Only under their locks."""
'''

OPERATION = '''@dataclass(frozen=True, slots=True)
class DescribeEvent(Generic[M]):
    """The wish to give an event another description."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The event, which is locked."""
    description: str
    once: Once[CatalogueEvent, M]


@dataclass(frozen=True, slots=True)
class LockedEvents:
    """Events that nobody else changes meanwhile, and those that are described anew."""

    by_id: dict[UUID, CatalogueEvent]
    described: set[UUID] = field(default_factory=set)


class DescribeEvents(KeyedOperation[DescribeEvent[M], LockedEvents, CatalogueEvent, M], Generic[M]):
    """Describes events anew; refuses with EventNotFound."""

    def reads(self, batch: Sequence[DescribeEvent[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the events."""
        return {"events": (sql.LOCK_EVENTS, {"ids": sorted({command.key for command in batch})})}

    async def load(
        self, tx: Transaction, batch: Sequence[DescribeEvent[M]], rows: Rows
    ) -> tuple[LockedEvents, Sequence[UUID]]:
        """Take the events as they are."""
        return LockedEvents({event.id: event for event in read(CatalogueEvent, rows["events"])}), ()

    def decide(self, command: DescribeEvent[M], state: LockedEvents) -> CatalogueEvent:
        """Describe the event, if there is one."""
        event = state.by_id.get(command.key)
        if event is None:
            raise EventNotFound()
        state.by_id[event.id] = replace(event, description=command.description)
        state.described.add(event.id)
        return state.by_id[event.id]

    async def write(self, tx: Transaction, state: LockedEvents) -> None:
        """Write the descriptions."""
        if state.described:
            events = [state.by_id[id_] for id_ in sorted(state.described)]
            await tx.send(sql.DESCRIBE_EVENTS, columns(events, "id", "description"))


'''

HANDLER = """\
    async def DescribeEvent(self, request: pb.DescribeEventRequest, context: Context) -> pb.Event:
        once = Once(key_of(request, "DescribeEvent"), pb.Event, messages.render_event)
        return await self._describe_event.alone(DescribeEvent(UUID(request.event_id), request.description, once))

"""

TEST = """\
async def test_an_event_is_what_it_was_described_as_last(catalogue: Catalogue) -> None:
    event = await catalogue.event()
    request = pb.DescribeEventRequest(event_id=event.id, description="Nine songs.")
    described = await catalogue.rpc.DescribeEvent(request)
    assert (described.title, described.description) == (event.title, "Nine songs.")
    assert await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=event.id)) == described
    request.event_id = NOBODYS_ID
    assert (await refusal(catalogue.rpc.DescribeEvent(request))).reason == "EVENT_NOT_FOUND"


"""

MUTATION = """async def describe_event(client: Client, show: Show) -> Case:
    def as_(description: str, event_id: str = show.movie_id) -> Json:
        return {"eventId": event_id, "description": description}

    one = str(uuid4())
    effects = "SELECT count(*) FROM events WHERE description = %s"
    return Case(as_(one), as_("Another"), as_("Another", str(uuid4())), None, "inventory", effects, one)


"""

PLAY = """@operation
async def describe_event(world: World) -> AsyncIterator[None]:
    movie = ok(await world.client.ask("POST", "movies", {"title": "Faults", "durationMinutes": 100}))
    yield
    await world.send("PATCH", f"events/{movie['id']}", {"description": "Nine songs."})
    yield
    assert ok(await world.client.ask("GET", f"movies/{movie['id']}"))["description"] == "Nine songs."


"""

EXAMPLE = '    "DescribeEvent": {"description": "A postman delivers thirty years of lost mail."},\n'
CLIENT = "    describe_event = Method(Catalog, catalog.DescribeEventRequest, catalog.Event)\n"
WIRED = "        self._describe_event: DescribeEvents[pb.Event] = DescribeEvents(db)\n"

RECIPE = Recipe(
    {
        "protos/boxoffice/inventory/v1/catalog.proto": [
            before("  // Returns one event of any category.\n", RPC),
            before("// GetEventRequest ", MESSAGE),
        ],
        "services/inventory/catalogue/statements.py": [before("\n_EVENT_FILTERS = ", STATEMENTS)],
        "services/inventory/catalogue/events.py": [
            ("import asdict, dataclass, field", "import asdict, dataclass, field, replace"),
            before("@retried\nasync def get_event(", OPERATION),
        ],
        "services/inventory/catalogue/rpc.py": [
            after("import CreateEvent, CreateEvents", ", DescribeEvent, DescribeEvents"),
            before("        self._create_movie: ", WIRED),
            before("    async def GetEvent(", HANDLER),
        ],
        "audit/invariants/keys.py": [('("CreateEvent", ', '("CreateEvent", "DescribeEvent", ')],
        "gateway/openapi/examples.py": [before('    "CreateMovie": {\n', EXAMPLE)],
        "clients/python/boxoffice_client/methods.py": [before("    get_event = ", CLIENT)],
        "tests/inventory/test_catalogue_events.py": [before("async def test_a_concert_is_no_movie(", TEST)],
        "tests/system/mutations.py": [
            before("async def create_movie(", MUTATION),
            after('    "CreateEvent": create_event,\n', '    "DescribeEvent": describe_event,\n'),
        ],
        "tests/faults/operations.py": [before("@operation\nasync def create_screen(", PLAY)],
        "CHANGELOG.md": [after("### Added\n\n", "- `DescribeEvent` gives an event another description.\n")],
    }
)
