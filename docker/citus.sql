-- Distributes inventory's hot tables by show over the workers of a Citus cluster: see docs/citus.md. Once, on the
-- coordinator, as inventory's role, after `python -m services.inventory migrate`:
--   psql "$DATABASE_URL" -f docker/citus.sql
-- and inventory is told SHOWS_PER_TRANSACTION=1 from then on. Everything else stays on the coordinator.
\set ON_ERROR_STOP on
BEGIN;
-- They copy what code from before migrations 0008 and 0013 writes, which runs no more; Citus refuses tables with triggers.
DROP FUNCTION IF EXISTS copy_keys_to_shows, copy_keys_from_shows, copy_prices_to_lists CASCADE;
-- The lock of a show, its seats, claims, changes, idempotency keys, unbooked holds and access codes lie together, so that what concerns one show concerns one worker.
SELECT create_distributed_table('show_counters', 'show_id');
SELECT create_distributed_table('list_prices', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('show_seats', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('reservations', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('seat_changes', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('show_changes', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('show_idempotency_keys', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('unbooked_holds', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('access_codes', 'show_id', colocate_with => 'show_counters');
SELECT create_distributed_table('access_code_tries', 'show_id', colocate_with => 'show_counters');
-- Statements that a worker carries out read the time there.
SELECT create_distributed_function('boxoffice_clock()');
COMMIT;
