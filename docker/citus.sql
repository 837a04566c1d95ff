-- Distributes inventory's hot tables by show over the nodes of a Citus cluster: see docs/citus.md. On the coordinator, as
-- inventory's role, after `python -m services.inventory migrate`, and again after that of each release:
--   psql "$DATABASE_URL" -f docker/citus.sql
-- Tables that are distributed already are left as they are. Everything else stays on the coordinator.
\set ON_ERROR_STOP on
BEGIN;
-- They copy what code from before migrations 0008 and 0013 writes, which runs no more; Citus refuses tables with triggers.
DROP FUNCTION IF EXISTS copy_keys_to_shows, copy_keys_from_shows, copy_prices_to_lists CASCADE;
-- The lock of a show, its seats, claims, changes, keys, marks, unbooked holds and access codes lie together, so that what
-- concerns one show concerns one node.
SELECT create_distributed_table(
    name, 'show_id', colocate_with => CASE WHEN name = 'show_counters' THEN 'default' ELSE 'show_counters' END
)
FROM unnest('{
    show_counters, list_prices, show_seats, reservations, seat_changes, show_changes, show_idempotency_keys,
    show_markers, unbooked_holds, access_codes, access_code_tries
}'::text[]) WITH ORDINALITY AS hot (name, place)
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name::regclass)
ORDER BY place;
-- What writes the catalogue and shows' rows, such as a new show, leaves its mark here, and is committed in two phases.
SELECT citus_add_local_table_to_metadata('commit_markers')
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'commit_markers'::regclass);
-- Statements that a node carries out read the time there.
SELECT create_distributed_function('boxoffice_clock()');
COMMIT;
