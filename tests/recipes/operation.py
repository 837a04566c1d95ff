"""The operation that CONTRIBUTING has as an example: RenameVenue, a write that nobody batches."""

from __future__ import annotations

from tests.recipes.recipe import Recipe, after, before

RPC = """\
  // Gives a venue another name.
  //
  // INVALID_ARGUMENT INVALID_FIELD: a field breaks its rule.
  // NOT_FOUND VENUE_NOT_FOUND: there is no such venue.
  // ALREADY_EXISTS IDEMPOTENCY_KEY_REUSED: the key was used for another request.
  rpc RenameVenue(RenameVenueRequest) returns (Venue) {
    option (boxoffice.policy.v1.policy) = {
      allow: [
        ORGANIZER,
        ADMIN
      ]
      budget: SALES
    };
    option (google.api.http) = {
      patch: "/api/v1/venues/{venue_id}"
      body: "*"
    };
  }

"""

MESSAGE = """
// RenameVenueRequest gives a venue another name.
message RenameVenueRequest {
  // The venue (UUID).
  string venue_id = 1 [(buf.validate.field).string.uuid = true];
  // Its name from now on; 1 to 200 characters, nothing invisible.
  string name = 2 [
    (boxoffice.text.v1.text) = LINE,
    (buf.validate.field).string = {
      min_len: 1
      max_len: 200
      pattern: "^[^\\\\x00-\\\\x1f\\\\x7f]*$"
    }
  ];
  // Makes the request safe to repeat: the same key and request give the same answer. Up to 200 visible ASCII
  // characters; may also be sent as the header `Idempotency-Key`.
  string idempotency_key = 3 [(buf.validate.field).string.pattern = "^[!-~]{0,200}$"];
}
"""

STATEMENTS = '''
VENUES_BY_ID = f"{_VENUES} WHERE v.id = ANY(%(venue_ids)s)"

RENAME_VENUES = """
    UPDATE venues v SET name = new.name
    FROM unnest(%(id)s::uuid[], %(name)s::text[]) AS new (id, name) WHERE v.id = new.id
"""
"""Give venues other names. Only under the venues' locks."""
'''

OPERATION = '''@dataclass(frozen=True, slots=True)
class RenameVenue(Generic[M]):
    """The wish to give a venue another name."""

    urgent: ClassVar[bool] = False

    key: UUID
    """The venue."""
    name: str
    once: Once[Venue, M]


@dataclass(frozen=True, slots=True)
class KnownVenues:
    """Venues that nobody else changes meanwhile, and those that have another name now."""

    by_id: dict[UUID, Venue]
    renamed: set[UUID] = field(default_factory=set)


class RenameVenues(KeyedOperation[RenameVenue[M], KnownVenues, Venue, M], Generic[M]):
    """Renames venues; refuses with VenueNotFound."""

    def reads(self, batch: Sequence[RenameVenue[M]], *, wait: bool) -> dict[str, Statement]:
        """Lock the venues, then read them."""
        ids = {"venue_ids": sorted({command.key for command in batch})}
        return {"locked": (sql.LOCK_VENUES, ids), "venues": (sql.VENUES_BY_ID, ids)}

    async def load(
        self, tx: Transaction, batch: Sequence[RenameVenue[M]], rows: Rows
    ) -> tuple[KnownVenues, Sequence[UUID]]:
        """Take the venues as they are."""
        return KnownVenues({row.id: _venue(row) for row in rows["venues"]}), ()

    def decide(self, command: RenameVenue[M], state: KnownVenues) -> Venue:
        """Rename the venue, if there is one."""
        venue = state.by_id.get(command.key)
        if venue is None:
            raise VenueNotFound()
        state.by_id[venue.id] = replace(venue, name=command.name)
        state.renamed.add(venue.id)
        return state.by_id[venue.id]

    async def write(self, tx: Transaction, state: KnownVenues) -> None:
        """Write the names."""
        if state.renamed:
            await tx.send(sql.RENAME_VENUES, columns((state.by_id[id_] for id_ in sorted(state.renamed)), "id", "name"))


'''

HANDLER = """\
    async def RenameVenue(self, request: pb.RenameVenueRequest, context: Context) -> pb.Venue:
        once = Once(key_of(request, "RenameVenue"), pb.Venue, messages.render_venue)
        return await self._rename_venue.alone(RenameVenue(UUID(request.venue_id), request.name, once))

"""

TEST = """\
async def test_a_venue_has_the_name_that_it_was_given_last(catalogue: Catalogue) -> None:
    venue = await catalogue.venue(name="Lantern House")
    renamed = await catalogue.rpc.RenameVenue(pb.RenameVenueRequest(venue_id=venue.id, name="Tamarind Hall"))
    assert (renamed.id, renamed.name) == (venue.id, "Tamarind Hall")
    assert await catalogue.rpc.GetVenue(pb.GetVenueRequest(venue_id=venue.id)) == renamed
    refused = await refusal(catalogue.rpc.RenameVenue(pb.RenameVenueRequest(venue_id=str(uuid4()), name="Nowhere")))
    assert refused.reason == "VENUE_NOT_FOUND"


"""

MUTATION = """async def rename_venue(client: Client, show: Show) -> Case:
    def to(name: str, venue_id: str = show.venue_id) -> Json:
        return {"venueId": venue_id, "name": name}

    one = str(uuid4())
    effects = "SELECT count(*) FROM venues WHERE name = %s"
    return Case(to(one), to("Another"), to("Another", str(uuid4())), None, "inventory", effects, one)


"""

PLAY = """@operation
async def rename_venue(world: World) -> AsyncIterator[None]:
    venue = ok(await world.client.ask("POST", "venues", {"name": f"House {new_user()}", "city": "Pune"}))
    yield
    await world.send("PATCH", f"venues/{venue['id']}", {"name": "Tamarind Hall"})
    yield
    assert ok(await world.client.ask("GET", f"venues/{venue['id']}"))["name"] == "Tamarind Hall"


"""

CLIENT = "    rename_venue = Method(Catalog, catalog.RenameVenueRequest, catalog.Venue)\n"
WIRED = "        self._rename_venue: RenameVenues[pb.Venue] = RenameVenues(db)\n"
IMPORTED = "CreateScreen, CreateScreens, CreateVenue, CreateVenues"

RECIPE = Recipe(
    {
        "protos/boxoffice/inventory/v1/catalog.proto": [
            before("  // Returns one venue with its screens.\n", RPC),
            before("\n// GetVenueRequest ", MESSAGE),
        ],
        "services/inventory/catalogue/statements.py": [before("\n# Venues that code from before made", STATEMENTS)],
        "services/inventory/catalogue/venues.py": [
            ("import asdict, dataclass, field", "import asdict, dataclass, field, replace"),
            before("@retried\nasync def get_venue(", OPERATION),
        ],
        "services/inventory/catalogue/rpc.py": [
            (IMPORTED, f"{IMPORTED}, RenameVenue, RenameVenues"),
            before("        self._create_screen: ", WIRED),
            before("    async def GetVenue(", HANDLER),
        ],
        "audit/invariants/keys.py": [('("CreateVenue",)', '("CreateVenue", "RenameVenue")')],
        "gateway/openapi/examples.py": [
            before('    "CreateScreen": {\n', '    "RenameVenue": {"name": "Tamarind Hall"},\n'),
        ],
        "clients/python/boxoffice_client/methods.py": [before("    get_venue = ", CLIENT)],
        "tests/inventory/test_catalogue_venues.py": [
            before("async def test_venues_are_listed_newest_first_", TEST),
        ],
        "tests/system/mutations.py": [
            before("async def create_screen(", MUTATION),
            after('    "CreateVenue": create_venue,\n', '    "RenameVenue": rename_venue,\n'),
        ],
        "tests/faults/operations.py": [before("@operation\nasync def create_screen(", PLAY)],
        "CHANGELOG.md": [after("### Added\n\n", "- `RenameVenue` gives a venue another name.\n")],
    }
)
