"""Organizations are told by webhooks. Expand only: the version before does not know the tables."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE webhook_attempts (
            id UUID NOT NULL,
            endpoint_id UUID NOT NULL,
            number INTEGER,
            outcome TEXT NOT NULL,
            status INTEGER,
            duration_ms INTEGER NOT NULL,
            is_resend BOOLEAN NOT NULL,
            ended_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
            CONSTRAINT webhook_attempts_pkey PRIMARY KEY (id),
            CONSTRAINT webhook_attempts_status_check CHECK ((outcome = 'TAKEN') <= (status BETWEEN 200 AND 299))
        )
    """)
    op.execute("COMMENT ON TABLE webhook_attempts IS 'what was sent to endpoints, and what came of it'")
    op.execute("COMMENT ON COLUMN webhook_attempts.number IS 'the message; null: it was a challenge'")
    op.execute("COMMENT ON COLUMN webhook_attempts.status IS 'of the answer; null: there was none'")
    op.execute("CREATE INDEX webhook_attempts_ended_at_idx ON webhook_attempts (ended_at)")
    op.execute("CREATE INDEX webhook_attempts_endpoint_id_id_idx ON webhook_attempts (endpoint_id, id)")
    op.execute("""
        CREATE TABLE webhook_endpoints (
            id UUID NOT NULL,
            organization_id UUID NOT NULL,
            managed_by UUID,
            url TEXT NOT NULL,
            types TEXT[] NOT NULL,
            state TEXT NOT NULL,
            is_verified BOOLEAN NOT NULL,
            revision INTEGER DEFAULT '1' NOT NULL,
            sent_to INTEGER NOT NULL,
            failures INTEGER DEFAULT '0' NOT NULL,
            failing_since TIMESTAMP WITH TIME ZONE,
            is_slow BOOLEAN DEFAULT 'true' NOT NULL,
            lease BIGINT DEFAULT '0' NOT NULL,
            leased_until TIMESTAMP WITH TIME ZONE,
            next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
            CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
            CONSTRAINT webhook_endpoints_verified_check CHECK (state <> 'ENABLED' OR is_verified),
            CONSTRAINT webhook_endpoints_failing_check CHECK ((failures = 0) = (failing_since IS NULL)),
            CONSTRAINT webhook_endpoints_state_check CHECK (state IN ('CHALLENGED', 'ENABLED', 'DISABLED', 'OFF')),
            CONSTRAINT webhook_endpoints_organization_id_url_key UNIQUE (organization_id, url)
        )
    """)
    op.execute(
        "COMMENT ON TABLE webhook_endpoints IS 'where organizations are sent messages, and how far each endpoint has taken them'"
    )
    op.execute(
        "COMMENT ON COLUMN webhook_endpoints.managed_by IS 'the user who made or changed it last; null: calls carry no tokens'"
    )
    op.execute("COMMENT ON COLUMN webhook_endpoints.is_verified IS 'it has answered a challenge at this URL'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.revision IS 'grows when a member changes it'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.sent_to IS 'messages up to this number are taken, or not for it'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.failures IS 'attempts in a row that failed'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.failing_since IS 'when the first of these did'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.is_slow IS 'it waits among the slow ones'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.lease IS 'grows when a sender takes it'")
    op.execute("COMMENT ON COLUMN webhook_endpoints.leased_until IS 'null: no sender has it'")
    op.execute(
        "CREATE INDEX webhook_endpoints_due_idx ON webhook_endpoints (next_attempt_at) WHERE state IN ('CHALLENGED', 'ENABLED')"
    )
    op.execute("""
        CREATE TABLE webhook_logs (
            organization_id UUID NOT NULL,
            last_number INTEGER NOT NULL,
            forgotten INTEGER DEFAULT '0' NOT NULL,
            CONSTRAINT webhook_logs_pkey PRIMARY KEY (organization_id),
            CONSTRAINT webhook_logs_numbers_check CHECK (0 <= forgotten AND forgotten <= last_number)
        )
    """)
    op.execute(
        "COMMENT ON TABLE webhook_logs IS 'how far the messages of each organization go, and the lock under which they get their numbers'"
    )
    op.execute("COMMENT ON COLUMN webhook_logs.forgotten IS 'messages up to it are deleted'")
    op.execute("""
        CREATE TABLE webhook_messages (
            organization_id UUID NOT NULL,
            number INTEGER NOT NULL,
            id UUID NOT NULL,
            type TEXT NOT NULL,
            key UUID NOT NULL,
            version INTEGER NOT NULL,
            content TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
            CONSTRAINT webhook_messages_pkey PRIMARY KEY (organization_id, number)
        )
    """)
    op.execute("COMMENT ON TABLE webhook_messages IS 'what organizations are told'")
    op.execute("COMMENT ON COLUMN webhook_messages.number IS '1, 2, 3 and so on, without gaps'")
    op.execute("COMMENT ON COLUMN webhook_messages.id IS 'the header webhook-id, behind msg_'")
    op.execute("COMMENT ON COLUMN webhook_messages.key IS 'the booking or show that it is about'")
    op.execute("COMMENT ON COLUMN webhook_messages.version IS 'the version of that which came by it'")
    op.execute("COMMENT ON COLUMN webhook_messages.content IS 'what is posted and signed'")
    op.execute("CREATE INDEX webhook_messages_created_at_idx ON webhook_messages (created_at)")
    op.execute("""
        CREATE TABLE webhook_resends (
            endpoint_id UUID NOT NULL,
            number INTEGER NOT NULL,
            place BIGINT GENERATED ALWAYS AS IDENTITY,
            CONSTRAINT webhook_resends_pkey PRIMARY KEY (endpoint_id, number),
            CONSTRAINT webhook_resends_endpoint_id_fkey FOREIGN KEY(endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE
        )
    """)
    op.execute("COMMENT ON TABLE webhook_resends IS 'messages that somebody wants sent once more'")
    op.execute("COMMENT ON COLUMN webhook_resends.place IS 'the order of an endpoint''s'")
    op.execute("""
        CREATE TABLE webhook_secrets (
            endpoint_id UUID NOT NULL,
            number INTEGER NOT NULL,
            sealed BYTEA NOT NULL,
            ends_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT webhook_secrets_pkey PRIMARY KEY (endpoint_id, number),
            CONSTRAINT webhook_secrets_endpoint_id_fkey FOREIGN KEY(endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE
        )
    """)
    op.execute("COMMENT ON TABLE webhook_secrets IS 'what endpoints'' messages are signed with'")
    op.execute("COMMENT ON COLUMN webhook_secrets.sealed IS 'encrypted with WEBHOOK_KEY_SECRET'")
    op.execute("COMMENT ON COLUMN webhook_secrets.ends_at IS 'null: it is the present one'")
    op.execute("CREATE INDEX webhook_secrets_ends_at_idx ON webhook_secrets (ends_at) WHERE ends_at IS NOT NULL")
    op.execute("CREATE UNIQUE INDEX webhook_secrets_present_key ON webhook_secrets (endpoint_id) WHERE ends_at IS NULL")
