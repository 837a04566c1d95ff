-- Roles and databases: one of each for every service, and for the bank a schema beside payment's, with a role that owns
-- it and migrates, and one that serves and cannot change what stands in the ledger; and role `audit`, which reads what
-- these make and writes into a scratch database of its own only.
-- What stack/databases.py does for one machine, for containers. It may be run as often as one likes: it makes what is
-- missing and sets the passwords, so a new password in .env holds from the next `make up` on.
\set ON_ERROR_STOP on
\getenv inventory_password INVENTORY_PASSWORD
\getenv booking_password BOOKING_PASSWORD
\getenv payment_password PAYMENT_PASSWORD
\getenv bank_password BANK_PASSWORD
\getenv bank_owner_password BANK_OWNER_PASSWORD
\getenv identity_password IDENTITY_PASSWORD
\getenv audit_password AUDIT_PASSWORD

-- So that no log can ever hold a password.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';
-- A notice that something is there already is no news.
SET client_min_messages = 'warning';

-- Passwords stand in URLs as they are.
SELECT count(*) > 0 AS unfit
FROM unnest(ARRAY[:'inventory_password', :'booking_password', :'payment_password', :'bank_password',
    :'bank_owner_password', :'identity_password', :'audit_password']) AS password
WHERE password !~ '^[A-Za-z0-9._~-]{16,}$' \gset
\if :unfit
  DO $$ BEGIN RAISE 'a password of a role is unfit: 16 or more of A-Z a-z 0-9 . _ ~ - (make secrets makes such)'; END $$;
\endif

SELECT format('CREATE ROLE %I', role)
FROM unnest(ARRAY['inventory', 'booking', 'payment', 'bank', 'bank_owner', 'identity', 'audit']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE inventory LOGIN PASSWORD :'inventory_password';
ALTER ROLE booking LOGIN PASSWORD :'booking_password';
ALTER ROLE payment LOGIN PASSWORD :'payment_password';
ALTER ROLE bank LOGIN PASSWORD :'bank_password';
ALTER ROLE bank_owner LOGIN PASSWORD :'bank_owner_password';
ALTER ROLE identity LOGIN PASSWORD :'identity_password';
ALTER ROLE audit LOGIN PASSWORD :'audit_password';

SELECT format('CREATE DATABASE %I OWNER %I', name, name)
FROM unnest(ARRAY['inventory', 'booking', 'payment', 'identity', 'audit']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

-- A role gets into its own database only.
REVOKE ALL ON DATABASE inventory, booking, payment, identity, audit, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE payment TO bank, bank_owner;
ALTER ROLE bank IN DATABASE payment SET search_path = bank;
ALTER ROLE bank_owner IN DATABASE payment SET search_path = bank;

-- But the auditor reads in all of them: of accounts what identity shows it in schema `audited`. Not as a member of
-- pg_read_all_data: that one reads the roles' verifiers too.
GRANT CONNECT ON DATABASE inventory, booking, payment, identity TO audit;
ALTER ROLE audit IN DATABASE inventory SET default_transaction_read_only = on;
ALTER ROLE audit IN DATABASE booking SET default_transaction_read_only = on;
ALTER ROLE audit IN DATABASE payment SET default_transaction_read_only = on;
ALTER ROLE audit IN DATABASE identity SET default_transaction_read_only = on;

\connect audit
REVOKE ALL ON SCHEMA public FROM PUBLIC;
\connect identity
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SET client_min_messages = 'warning';
CREATE SCHEMA IF NOT EXISTS audited AUTHORIZATION identity;
GRANT USAGE ON SCHEMA audited TO audit;
GRANT SELECT ON ALL TABLES IN SCHEMA audited TO audit;
ALTER DEFAULT PRIVILEGES FOR ROLE identity IN SCHEMA audited GRANT SELECT ON TABLES TO audit;
\connect inventory
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO audit;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO audit;
ALTER DEFAULT PRIVILEGES FOR ROLE inventory IN SCHEMA public GRANT SELECT ON TABLES TO audit;
\connect booking
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO audit;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO audit;
ALTER DEFAULT PRIVILEGES FOR ROLE booking IN SCHEMA public GRANT SELECT ON TABLES TO audit;
\connect payment
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SET client_min_messages = 'warning';
CREATE SCHEMA IF NOT EXISTS bank AUTHORIZATION bank_owner;
-- It was the bank's own before, and all that is in it: now it may use that, and its migrations say what more it may not.
SELECT nspowner = 'bank'::regrole AS is_old FROM pg_namespace WHERE nspname = 'bank' \gset
\if :is_old
  BEGIN;
  REASSIGN OWNED BY bank TO bank_owner;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bank TO bank;
  GRANT USAGE ON SCHEMA bank TO bank;
  -- Where the migration that takes this has been run already, it is not run again.
  SELECT 'REVOKE UPDATE, DELETE, TRUNCATE ON bank.ledger FROM bank' WHERE to_regclass('bank.ledger') IS NOT NULL \gexec
  ALTER DEFAULT PRIVILEGES FOR ROLE bank IN SCHEMA bank REVOKE SELECT ON TABLES FROM audit;
  COMMIT;
\endif
GRANT USAGE ON SCHEMA bank TO bank;
ALTER DEFAULT PRIVILEGES FOR ROLE bank_owner IN SCHEMA bank GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO bank;
GRANT USAGE ON SCHEMA public, bank TO audit;
GRANT SELECT ON ALL TABLES IN SCHEMA public, bank TO audit;
ALTER DEFAULT PRIVILEGES FOR ROLE payment IN SCHEMA public GRANT SELECT ON TABLES TO audit;
ALTER DEFAULT PRIVILEGES FOR ROLE bank_owner IN SCHEMA bank GRANT SELECT ON TABLES TO audit;
