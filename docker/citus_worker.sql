-- Has the limits that inventory's sessions ask for hold on a worker too, which these settings do not reach: see
-- docs/citus.md. On each worker, as a superuser, after docker/citus.sql: until then they would end the copying of tables.
--   psql postgresql://postgres@worker/inventory -f docker/citus_worker.sql
ALTER ROLE inventory IN DATABASE inventory SET lock_timeout = '2000';
ALTER ROLE inventory IN DATABASE inventory SET statement_timeout = '4000';
ALTER ROLE inventory IN DATABASE inventory SET idle_in_transaction_session_timeout = '5000';
ALTER ROLE inventory IN DATABASE inventory SET transaction_timeout = '8000';
ALTER ROLE inventory IN DATABASE inventory SET default_transaction_isolation = 'read committed';
ALTER ROLE inventory IN DATABASE inventory SET TimeZone = 'UTC';
ALTER ROLE inventory IN DATABASE inventory SET plan_cache_mode = 'force_generic_plan';
ALTER ROLE inventory IN DATABASE inventory SET enable_seqscan = 'off';
ALTER ROLE inventory IN DATABASE inventory SET enable_hashjoin = 'off';
ALTER ROLE inventory IN DATABASE inventory SET enable_mergejoin = 'off';
