"""The schemas: what the tables modules say is what the migrations make."""

import importlib

import pytest
from sqlalchemy import MetaData, create_engine, text

from roster import named
from services.chassis.store.tables import CREATE_CLOCK
from stack.postgres import Server
from tests.databases import Databases

SHAPE = """
    SELECT 'column', c.table_name, c.column_name,
        concat_ws(' ', c.udt_name, c.is_nullable, c.column_default, c.identity_generation,
            col_description(format('%I.%I', c.table_schema, c.table_name)::regclass, c.ordinal_position))
    FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'alembic_version'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL
    SELECT 'table', relname, '', obj_description(oid, 'pg_class') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    ORDER BY 1, 2, 3
"""


def shape(url: str, make: MetaData | None = None) -> list[tuple[str, ...]]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        if make is not None:
            connection.execute(text(CREATE_CLOCK))
            make.create_all(connection)
        rows = [tuple(row) for row in connection.exec_driver_sql(SHAPE.replace("%", "%%"))]
    engine.dispose()
    return rows


@pytest.mark.parametrize("service", ["payment", "bank"])
def test_the_migrations_make_the_schema_that_the_tables_describe(service: str, databases: Databases, postgres: Server):
    metadata = importlib.import_module(f"{named(service).module}.tables").metadata
    name = f"described_{service}"
    described = shape(postgres.create_database(name), metadata)
    with databases.fresh(service) as url:
        assert shape(url) == described
    postgres.drop_database(name)
    assert len(described) > 50
