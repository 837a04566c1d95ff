"""The part of the schema that is about prices and documents: coupons, sellers, taxes, fees, invoices."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.chassis.store import tables as chassis

metadata = chassis.metadata()

coupons = Table(
    "coupons",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organizer_id", Uuid, comment="who created it; null: nobody who showed a token"),
    Column("organization_id", Uuid, comment="whose it is; null: none's"),
    Column(
        "own_shows_only",
        Boolean,
        nullable=False,
        server_default="false",
        comment="for shows of its organization, or of none where that is null; else for all",
    ),
    Column("code", Text, nullable=False, unique=True, comment="in capital letters"),
    Column("kind", Text, nullable=False),
    Column("percentage", Integer),
    Column("amount", Integer, comment="minor units, as are all amounts of it"),
    Column("currency", Text),
    Column("valid_from", DateTime(timezone=True)),
    Column("valid_until", DateTime(timezone=True)),
    Column("minimum_amount", Integer),
    Column("maximum_discount", Integer),
    Column("max_uses", Integer, comment="null, as in all limits: any number"),
    Column("max_uses_per_user", Integer),
    Column("show_ids", ARRAY(Uuid), nullable=False, server_default="{}", comment="empty: all"),
    Column("tiers", ARRAY(Text), nullable=False, server_default="{}", comment="empty: all"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deactivated_at", DateTime(timezone=True)),
    CheckConstraint(
        """CASE kind
            WHEN 'PERCENTAGE' THEN percentage BETWEEN 1 AND 100 AND amount IS NULL
            WHEN 'FIXED' THEN amount > 0 AND num_nonnulls(percentage, maximum_discount) = 0
            ELSE false
        END IS TRUE""",
        name="kind",
    ),
    CheckConstraint(
        "currency IS NOT NULL OR num_nonnulls(amount, minimum_amount, maximum_discount) = 0", name="currency"
    ),
    CheckConstraint("code = upper(code)", name="code"),
    CheckConstraint("organization_id IS NULL OR own_shows_only", name="organization"),
    CheckConstraint("least(minimum_amount, maximum_discount, max_uses, max_uses_per_user) > 0", name="limits"),
    Index("coupons_organizer_idx", "organizer_id", "id"),
)

coupon_tries = Table(
    "coupon_tries",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("tried_at", ARRAY(DateTime(timezone=True)), nullable=False, server_default="{}"),
    Column("updated_at", DateTime(timezone=True), nullable=False, index=True),
    comment="codes that users tried in vain; the lock under which they are counted",
)

sellers = Table(
    "sellers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("legal_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("state", Text, nullable=False, comment="in India two digits; else empty"),
    Column("tax_number", Text, nullable=False, comment="in India the GSTIN; empty: no tax is taken"),
    Column("time_zone", Text, nullable=False, comment="of its books"),
    Column("organization_id", Uuid, comment="whose it is; null: Boxoffice's own"),
    Index("sellers_tax_number_idx", "tax_number", unique=True, postgresql_where=text("tax_number <> ''")),
)

tax_rules = Table(
    "tax_rules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("country", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("up_to", Integer, comment="minor units; null: tickets at any price"),
    Column("basis_points", Integer, nullable=False),
    Column("sac_code", Text, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    CheckConstraint("basis_points BETWEEN 0 AND 10000 AND up_to >= 0", name="rate"),
    CheckConstraint("valid_until > valid_from", name="validity"),
    Index("tax_rules_category_idx", "country", "category"),
)

show_taxes = Table(
    "show_taxes",
    metadata,
    Column("show_id", Uuid, primary_key=True),
    Column("seller_id", Uuid, ForeignKey("sellers.id"), nullable=False, index=True),
    Column("place_of_supply", Text, nullable=False, comment="the venue's state, in India; else empty"),
    Column("category", Text, nullable=False),
    Column("prices_include_tax", Boolean, nullable=False),
    comment="by whom shows are sold, and how their tickets are taxed; others are sold without tax",
)

show_tax_versions = Table(
    "show_tax_versions",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False, comment="until the next one of the show"),
    Column("seller_id", Uuid, ForeignKey("sellers.id"), nullable=False, index=True),
    Column("place_of_supply", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("prices_include_tax", Boolean, nullable=False),
    PrimaryKeyConstraint("show_id", "valid_from"),
    comment="the same, each time that it was said; kept as show_fees are",
)

show_fees = Table(
    "show_fees",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False, comment="until the next one of the show"),
    Column("names", ARRAY(Text), nullable=False, comment="an element for each fee, as in all lists here"),
    Column("pers", ARRAY(Text), nullable=False),
    Column("amounts", ARRAY(Integer), nullable=False, comment="minor units of the show's currency"),
    Column("basis_points", ARRAY(Integer), nullable=False),
    Column("payers", ARRAY(Text), nullable=False),
    Column("refundables", ARRAY(Boolean), nullable=False),
    PrimaryKeyConstraint("show_id", "valid_from"),
    CheckConstraint(
        "cardinality(names) = ALL (ARRAY[cardinality(pers), cardinality(amounts), cardinality(basis_points), "
        "cardinality(payers), cardinality(refundables)])",
        name="lists",
    ),
    CheckConstraint("pers <@ ARRAY['TICKET', 'ORDER'] AND payers <@ ARRAY['BUYER', 'ORGANIZER']", name="words"),
    CheckConstraint("0 <= ALL (amounts) AND 0 <= ALL (basis_points) AND 10000 >= ALL (basis_points)", name="amounts"),
    comment="the fees of shows, each time that they were set; those of the last day are kept for holds of then",
)

show_kinds = Table(
    "show_kinds",
    metadata,
    Column("show_id", Uuid, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False, comment="until the next one of the show"),
    Column("kinds", ARRAY(Text), nullable=False, comment="an element for each kind and tier, as in all lists here"),
    Column("tiers", ARRAY(Text), nullable=False, comment="empty: all that have no other price"),
    Column("prices", ARRAY(Integer), nullable=False, comment="minor units; null: a share of the list's price"),
    Column("basis_points", ARRAY(Integer), nullable=False, comment="that share; null where there is a price"),
    Column("at_mosts", ARRAY(Integer), nullable=False, comment="how many of a booking; null: any number"),
    PrimaryKeyConstraint("show_id", "valid_from"),
    CheckConstraint(
        "cardinality(kinds) = ALL (ARRAY[cardinality(tiers), cardinality(prices), cardinality(basis_points), "
        "cardinality(at_mosts)])",
        name="lists",
    ),
    comment="what kinds of tickets of shows cost, each time that it was set; kept as show_fees are",
)

invoice_series = Table(
    "invoice_series",
    metadata,
    Column("seller_id", Uuid, ForeignKey("sellers.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("year", Integer, nullable=False, server_default="0", comment="in which its financial year began"),
    Column("last_number", Integer, nullable=False, server_default="0"),
    Column("last_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("seller_id", "kind"),
    CheckConstraint("kind IN ('INVOICE', 'CREDIT_NOTE', 'RECEIPT', 'REFUND_RECEIPT')", name="kind"),
    comment="how far the numbers of a seller's documents have come; locked by whoever takes the next",
)

invoices = Table(
    "invoices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("seller_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False, comment="in its series and year, from 1"),
    Column("number", Text, nullable=False, comment="as people read it"),
    Column("booking_id", Uuid, ForeignKey("bookings.id"), nullable=False, index=True),
    Column("corrects", Uuid, ForeignKey("invoices.id"), index=True, comment="the invoice or receipt it takes back of"),
    Column("refund_id", Uuid, comment="of what is given back"),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    # As they were when it was issued.
    Column("legal_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("place_of_supply", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("taxable_amount", Integer, nullable=False),
    Column("tax_amount", Integer, nullable=False),
    Column("total_amount", Integer, nullable=False),
    ForeignKeyConstraint(["seller_id", "kind"], ["invoice_series.seller_id", "invoice_series.kind"]),
    UniqueConstraint("seller_id", "kind", "year", "sequence"),
    UniqueConstraint("refund_id"),
    CheckConstraint("number ~ '^[A-Z0-9/-]{1,16}$' AND sequence > 0", name="number"),
    CheckConstraint("(corrects IS NOT NULL) = (kind IN ('CREDIT_NOTE', 'REFUND_RECEIPT'))", name="corrects"),
    CheckConstraint(
        "taxable_amount >= 0 AND tax_amount >= 0 AND total_amount = taxable_amount::bigint + tax_amount",
        name="amounts",
    ),
    # One to a ticket.
    Index(
        "invoices_booking_once_idx",
        "booking_id",
        unique=True,
        postgresql_where=text("kind IN ('INVOICE', 'RECEIPT')"),
    ),
    Index("invoices_issued_idx", "seller_id", "issued_at"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    Column("invoice_id", Uuid, ForeignKey("invoices.id"), nullable=False),
    Column("position", Integer, nullable=False, comment="of the seat in its booking"),
    Column("description", Text, nullable=False),
    Column("sac_code", Text, nullable=False),
    Column("basis_points", Integer, nullable=False),
    Column("taxable_amount", Integer, nullable=False),
    Column("cgst_amount", Integer, nullable=False),
    Column("sgst_amount", Integer, nullable=False),
    Column("igst_amount", Integer, nullable=False),
    Column("other_tax_amount", Integer, nullable=False, comment="outside India"),
    PrimaryKeyConstraint("invoice_id", "position"),
    CheckConstraint(
        "least(taxable_amount, cgst_amount, igst_amount, other_tax_amount) >= 0 AND cgst_amount = sgst_amount",
        name="amounts",
    ),
)
