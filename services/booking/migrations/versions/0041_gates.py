"""Gates, their scans, and who is in by these.

Expand only: code from before lets nobody in. Its refunds look at tickets, whose states are as before.
"""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Add the tables."""
    op.execute("""
        CREATE TABLE gates (
            id UUID NOT NULL,
            organization_id UUID,
            name TEXT NOT NULL,
            offline TEXT NOT NULL,
            credential_hash BYTEA NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
            created_by UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            revoked_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT gates_pkey PRIMARY KEY (id),
            CONSTRAINT gates_credential_hash_key UNIQUE (credential_hash),
            CONSTRAINT gates_offline_check CHECK (offline IN ('NEVER', 'HOME', 'ANY')),
            CONSTRAINT gates_credential_hash_check CHECK (octet_length(credential_hash) = 32)
        )
    """)
    op.execute("COMMENT ON TABLE gates IS 'devices that let people in'")
    op.execute("COMMENT ON COLUMN gates.organization_id IS 'whose it is; null: Boxoffice''s own'")
    op.execute("COMMENT ON COLUMN gates.offline IS 'what it may do without a connection'")
    op.execute("COMMENT ON COLUMN gates.credential_hash IS 'SHA-256'")
    op.execute("COMMENT ON COLUMN gates.ends_at IS 'when its credential ends'")
    op.execute("COMMENT ON COLUMN gates.created_by IS 'null: unverified'")
    op.execute("COMMENT ON COLUMN gates.revoked_at IS 'null: it was not'")
    op.execute("CREATE INDEX gates_organization_idx ON gates (organization_id, id)")
    op.execute("""
        CREATE TABLE show_times (
            show_id UUID NOT NULL,
            starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
            revision INTEGER NOT NULL,
            CONSTRAINT show_times_pkey PRIMARY KEY (show_id)
        )
    """)
    op.execute("COMMENT ON TABLE show_times IS 'when doors may be open; the lock under which tickets get their homes'")
    op.execute("COMMENT ON COLUMN show_times.revision IS 'of the show, whose times these are'")
    op.execute("""
        CREATE TABLE gate_shows (
            gate_id UUID NOT NULL,
            show_id UUID NOT NULL,
            listed_until TIMESTAMP WITH TIME ZONE,
            CONSTRAINT gate_shows_pkey PRIMARY KEY (gate_id, show_id),
            CONSTRAINT gate_shows_gate_id_fkey FOREIGN KEY(gate_id) REFERENCES gates (id)
        )
    """)
    op.execute("COMMENT ON TABLE gate_shows IS 'the shows that gates let people in to'")
    op.execute("COMMENT ON COLUMN gate_shows.listed_until IS 'how long its door list is good; null: it has had none'")
    op.execute("CREATE INDEX gate_shows_show_id_idx ON gate_shows (show_id)")
    op.execute("""
        CREATE TABLE scans (
            id UUID NOT NULL,
            gate_id UUID NOT NULL,
            key TEXT NOT NULL,
            request_hash BYTEA NOT NULL,
            show_id UUID NOT NULL,
            ticket_id UUID,
            result TEXT NOT NULL,
            came_in BOOLEAN NOT NULL,
            is_offline BOOLEAN NOT NULL,
            scanned_at TIMESTAMP WITH TIME ZONE NOT NULL,
            gate_time TIMESTAMP WITH TIME ZONE,
            recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            first_scan_id UUID,
            answer BYTEA NOT NULL,
            CONSTRAINT scans_pkey PRIMARY KEY (id),
            CONSTRAINT scans_result_check CHECK (result IN ('ADMITTED', 'ALREADY_USED', 'REVOKED', 'OTHER_SHOW', 'TOO_EARLY', 'SHOW_OVER', 'UNKNOWN_CODE', 'CODE_REPLACED', 'OTHER_GATE', 'SHOW_CANCELLED', 'LIST_TOO_OLD')),
            CONSTRAINT scans_ticket_id_fkey FOREIGN KEY(ticket_id) REFERENCES tickets (id),
            CONSTRAINT scans_gate_id_key_key UNIQUE (gate_id, key),
            CONSTRAINT scans_came_in_check CHECK (is_offline OR came_in = (result = 'ADMITTED')),
            CONSTRAINT scans_gate_id_fkey FOREIGN KEY(gate_id) REFERENCES gates (id),
            CONSTRAINT scans_admitted_check CHECK (result <> 'ADMITTED' OR (came_in AND ticket_id IS NOT NULL))
        )
    """)
    op.execute("COMMENT ON TABLE scans IS 'what gates have read, and what came of it; rows are kept as they are'")
    op.execute("COMMENT ON COLUMN scans.key IS 'the gate''s name of the scan'")
    op.execute("COMMENT ON COLUMN scans.request_hash IS 'of what the gate sent'")
    op.execute("COMMENT ON COLUMN scans.show_id IS 'that people were let in to'")
    op.execute("COMMENT ON COLUMN scans.ticket_id IS 'null: the code was none'")
    op.execute("COMMENT ON COLUMN scans.result IS 'whether the ticket let in, or why not'")
    op.execute("COMMENT ON COLUMN scans.came_in IS 'whether its bearer did'")
    op.execute("COMMENT ON COLUMN scans.is_offline IS 'whether the gate had no connection'")
    op.execute("COMMENT ON COLUMN scans.scanned_at IS 'by the database''s clock'")
    op.execute("COMMENT ON COLUMN scans.gate_time IS 'by the gate''s clock; null: it did not say'")
    op.execute("COMMENT ON COLUMN scans.first_scan_id IS 'that had let the ticket in; null: none had'")
    op.execute("COMMENT ON COLUMN scans.answer IS 'what the gate was told, and is told again'")
    op.execute("CREATE INDEX scans_conflicts_idx ON scans (show_id, id) WHERE came_in AND result <> 'ADMITTED'")
    op.execute("CREATE INDEX scans_show_idx ON scans (show_id, id)")
    op.execute("CREATE INDEX scans_ticket_id_idx ON scans (ticket_id)")
    op.execute("""
        CREATE TABLE ticket_homes (
            ticket_id UUID NOT NULL,
            gate_id UUID NOT NULL,
            CONSTRAINT ticket_homes_pkey PRIMARY KEY (ticket_id),
            CONSTRAINT ticket_homes_ticket_id_fkey FOREIGN KEY(ticket_id) REFERENCES tickets (id),
            CONSTRAINT ticket_homes_gate_id_fkey FOREIGN KEY(gate_id) REFERENCES gates (id)
        )
    """)
    op.execute("COMMENT ON TABLE ticket_homes IS 'the gate that lets a ticket in without a connection'")
    op.execute("CREATE INDEX ticket_homes_gate_id_idx ON ticket_homes (gate_id)")
    op.execute("""
        CREATE TABLE admissions (
            scan_id UUID NOT NULL,
            ticket_id UUID NOT NULL,
            undone_at TIMESTAMP WITH TIME ZONE,
            undone_by UUID,
            undo_reason TEXT,
            CONSTRAINT admissions_pkey PRIMARY KEY (scan_id),
            CONSTRAINT admissions_scan_id_fkey FOREIGN KEY(scan_id) REFERENCES scans (id),
            CONSTRAINT admissions_undone_by_check CHECK (undone_at IS NOT NULL OR undone_by IS NULL),
            CONSTRAINT admissions_undo_reason_check CHECK ((undone_at IS NULL) = (undo_reason IS NULL))
        )
    """)
    op.execute("COMMENT ON TABLE admissions IS 'scans by which people came in'")
    op.execute("COMMENT ON COLUMN admissions.ticket_id IS 'the scan''s'")
    op.execute("COMMENT ON COLUMN admissions.undone_at IS 'null: it stands'")
    op.execute("COMMENT ON COLUMN admissions.undone_by IS 'null: unverified, or it stands'")
    op.execute("CREATE UNIQUE INDEX admissions_standing_idx ON admissions (ticket_id) WHERE undone_at IS NULL")
