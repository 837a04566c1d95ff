-- Roles and databases: one of each for every service, and for the bank a role and a schema beside payment's.
-- What stack/databases.py does for one machine, for containers. It may be run as often as one likes: it makes what is
-- missing and sets the passwords, so a new password in .env holds from the next `make up` on.
\set ON_ERROR_STOP on
\getenv inventory_password INVENTORY_PASSWORD
\getenv booking_password BOOKING_PASSWORD
\getenv payment_password PAYMENT_PASSWORD
\getenv bank_password BANK_PASSWORD

-- So that no log can ever hold a password.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';
-- A notice that something is there already is no news.
SET client_min_messages = 'warning';

-- Passwords stand in URLs as they are.
SELECT count(*) > 0 AS unfit
FROM unnest(ARRAY[:'inventory_password', :'booking_password', :'payment_password', :'bank_password']) AS password
WHERE password !~ '^[A-Za-z0-9._~-]{16,}$' \gset
\if :unfit
  DO $$ BEGIN RAISE 'a password of a role is unfit: 16 or more of A-Z a-z 0-9 . _ ~ - (make secrets makes such)'; END $$;
\endif

SELECT format('CREATE ROLE %I', role)
FROM unnest(ARRAY['inventory', 'booking', 'payment', 'bank']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE inventory LOGIN PASSWORD :'inventory_password';
ALTER ROLE booking LOGIN PASSWORD :'booking_password';
ALTER ROLE payment LOGIN PASSWORD :'payment_password';
ALTER ROLE bank LOGIN PASSWORD :'bank_password';

SELECT format('CREATE DATABASE %I OWNER %I', name, name)
FROM unnest(ARRAY['inventory', 'booking', 'payment']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

-- A role gets into its own database only.
REVOKE ALL ON DATABASE inventory, booking, payment, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE payment TO bank;
ALTER ROLE bank IN DATABASE payment SET search_path = bank;

\connect inventory
REVOKE ALL ON SCHEMA public FROM PUBLIC;
\connect booking
REVOKE ALL ON SCHEMA public FROM PUBLIC;
\connect payment
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SET client_min_messages = 'warning';
CREATE SCHEMA IF NOT EXISTS bank AUTHORIZATION bank;
