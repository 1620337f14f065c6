-- Written by hand in Prisma's layout; packages/db/test/drift.pg.test.ts compares the result with schema.prisma.

-- Trusted since PostgreSQL 13: whoever may create in the database may create it. Lets one index serve
-- "this user's messages that hold these words".
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- -- sign-in ----------------------------------------------------------------------------------------------------

CREATE TABLE "user" (
  id text PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL,
  email_verified boolean NOT NULL DEFAULT false,
  image text,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX user_email_key ON "user" (email);

CREATE TABLE session (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
  token text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  ip_address text,
  user_agent text,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX session_token_key ON session (token);
CREATE INDEX session_user_id_idx ON session (user_id);

CREATE TABLE credential (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz(3),
  refresh_token_expires_at timestamptz(3),
  scope text,
  password text,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX credential_user_id_idx ON credential (user_id);

CREATE TABLE verification (
  id text PRIMARY KEY,
  identifier text NOT NULL,
  value text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX verification_identifier_idx ON verification (identifier);

-- -- connected mailboxes ----------------------------------------------------------------------------------------

CREATE TABLE account (
  user_id text NOT NULL,
  id text NOT NULL,
  provider text NOT NULL,
  email text NOT NULL CHECK (email = lower(email)),
  display_name text NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  reconnect jsonb,
  created_at int8 NOT NULL,
  status jsonb NOT NULL,
  last_sync_at int8,
  last_push_at int8,
  watch_expires_at int8,
  progress jsonb,
  proof jsonb,
  failed_items int4 NOT NULL DEFAULT 0,
  seq int8 NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX account_user_id_provider_email_key ON account (user_id, provider, email);
CREATE INDEX account_id_idx ON account (id);
-- A push names a mailbox, not a user.
CREATE INDEX account_provider_email_idx ON account (provider, email);
CREATE INDEX account_user_id_seq_idx ON account (user_id, seq);

CREATE TABLE account_grant (
  user_id text NOT NULL,
  account_id text PRIMARY KEY,
  version int4 NOT NULL,
  key_id text NOT NULL,
  ciphertext bytea NOT NULL,
  updated_at int8 NOT NULL,
  FOREIGN KEY (user_id, account_id) REFERENCES account (user_id, id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX account_grant_key_id_idx ON account_grant (key_id);

CREATE TABLE resource (
  id text PRIMARY KEY,
  user_id text NOT NULL,
  account_id text NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  lane text NOT NULL CHECK (lane IN ('live', 'listing', 'items', 'mutations')),
  cursor text,
  cursor_version int4 NOT NULL DEFAULT 0,
  dirty_at int8,
  trigger text NOT NULL DEFAULT 'connect',
  marks int8 NOT NULL DEFAULT 0,
  claimed_marks int8 NOT NULL DEFAULT 0,
  attempts int4 NOT NULL DEFAULT 0,
  next_attempt_at int8,
  lease_until int8,
  lease_token text,
  run_id text,
  last_synced_at int8,
  last_push_at int8,
  missed_push_at int8,
  last_error_kind text,
  last_error_message text,
  paused boolean NOT NULL DEFAULT false,
  -- In one indexed column, what would otherwise be four conditions of the claim: a due row is found without
  -- stepping over those that wait for a backoff or are leased.
  due_at int8 GENERATED ALWAYS AS (
    CASE WHEN dirty_at IS NULL OR paused THEN NULL
         ELSE greatest(dirty_at, next_attempt_at, lease_until) END
  ) STORED,
  FOREIGN KEY (user_id, account_id) REFERENCES account (user_id, id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX resource_account_id_key_lane_key ON resource (account_id, key, lane);
CREATE INDEX resource_user_id_idx ON resource (user_id);
CREATE INDEX resource_due_at_idx ON resource (due_at) WHERE due_at IS NOT NULL;
-- Lanes whose last sync is old, for the fallback polling.
CREATE INDEX resource_live_last_synced_at_idx ON resource (last_synced_at NULLS FIRST) WHERE lane = 'live' AND NOT paused;

CREATE TABLE watch (
  resource_id text PRIMARY KEY REFERENCES resource (id) ON DELETE CASCADE ON UPDATE CASCADE,
  provider_id text,
  secret_hash bytea,
  expires_at int8,
  created_at int8,
  error text,
  retry_at int8 NOT NULL DEFAULT 0
);
CREATE INDEX watch_expires_at_idx ON watch (expires_at);

CREATE TABLE listing_seen (
  resource_id text NOT NULL,
  listing text NOT NULL,
  provider_id text NOT NULL,
  PRIMARY KEY (resource_id, listing, provider_id)
);

-- -- mirrored mail ----------------------------------------------------------------------------------------------

CREATE TABLE message (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  thread_id text NOT NULL,
  provider_id text NOT NULL,
  thread_provider_id text NOT NULL,
  version int8 NOT NULL,
  subject text NOT NULL,
  from_name text NOT NULL,
  from_email text NOT NULL,
  "to" jsonb NOT NULL,
  cc jsonb NOT NULL,
  bcc jsonb NOT NULL,
  reply_to jsonb NOT NULL,
  snippet text NOT NULL,
  received_at int8 NOT NULL,
  sent_at int8,
  unread boolean NOT NULL,
  starred boolean NOT NULL,
  draft boolean NOT NULL,
  label_ids text[] NOT NULL,
  attachment_count int4 NOT NULL,
  size_bytes int8 NOT NULL,
  message_id_header text,
  in_reply_to text,
  refs jsonb NOT NULL,
  stored_at int8 NOT NULL,
  seq int8 NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX message_user_id_seq_idx ON message (user_id, seq);
CREATE INDEX message_user_id_received_at_id_idx ON message (user_id, received_at DESC, id DESC);
-- Also counts an account's messages for its proof.
CREATE INDEX message_user_id_account_id_received_at_idx ON message (user_id, account_id, received_at DESC);
CREATE INDEX message_user_id_thread_id_idx ON message (user_id, thread_id);
CREATE INDEX message_user_id_message_id_header_idx ON message (user_id, message_id_header);
CREATE INDEX message_label_ids_idx ON message USING gin (label_ids);

CREATE TABLE message_body (
  user_id text NOT NULL,
  id text NOT NULL,
  html text,
  text text,
  warning text,
  PRIMARY KEY (user_id, id)
);

CREATE TABLE message_search (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  vector tsvector NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX message_search_user_id_vector_idx ON message_search USING gin (user_id, vector);

CREATE TABLE search_queue (
  user_id text NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (user_id, id)
);

CREATE TABLE attachment (
  user_id text NOT NULL,
  id text NOT NULL,
  message_id text NOT NULL,
  part_id text NOT NULL,
  filename text NOT NULL,
  mime_type text NOT NULL,
  size_bytes int8 NOT NULL,
  inline boolean NOT NULL,
  content_id text,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX attachment_user_id_message_id_idx ON attachment (user_id, message_id);

CREATE TABLE thread (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  subject text NOT NULL,
  snippet text NOT NULL,
  participants jsonb NOT NULL,
  last_message_id text NOT NULL,
  last_message_at int8 NOT NULL,
  message_count int4 NOT NULL,
  unread_count int4 NOT NULL,
  starred boolean NOT NULL,
  label_ids text[] NOT NULL,
  attachment_count int4 NOT NULL,
  seq int8 NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX thread_user_id_seq_idx ON thread (user_id, seq);
CREATE INDEX thread_user_id_last_message_at_id_idx ON thread (user_id, last_message_at DESC, id DESC);
CREATE INDEX thread_user_id_account_id_last_message_at_idx ON thread (user_id, account_id, last_message_at DESC);
CREATE INDEX thread_user_id_last_message_id_idx ON thread (user_id, last_message_id);
CREATE INDEX thread_label_ids_idx ON thread USING gin (label_ids);

CREATE TABLE label (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  name text NOT NULL,
  role text,
  color text,
  hidden boolean NOT NULL,
  total int4 NOT NULL DEFAULT 0,
  unread int4 NOT NULL DEFAULT 0,
  seq int8 NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX label_user_id_seq_idx ON label (user_id, seq);
CREATE INDEX label_user_id_account_id_idx ON label (user_id, account_id);

CREATE TABLE failed_item (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  attempts int4 NOT NULL,
  next_attempt_at int8,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX failed_item_account_id_next_attempt_at_idx ON failed_item (account_id, next_attempt_at);

-- -- the feed ---------------------------------------------------------------------------------------------------

CREATE TABLE feed (
  user_id text PRIMARY KEY,
  head int8 NOT NULL DEFAULT 0,
  floor int8 NOT NULL DEFAULT 0
);

CREATE TABLE tombstone (
  user_id text NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  seq int8,
  version int8,
  at int8 NOT NULL,
  PRIMARY KEY (user_id, kind, id)
);
CREATE INDEX tombstone_user_id_seq_idx ON tombstone (user_id, seq);
CREATE INDEX tombstone_at_idx ON tombstone (at);

CREATE TABLE doomed_account (
  user_id text NOT NULL,
  account_id text NOT NULL,
  at int8 NOT NULL,
  PRIMARY KEY (user_id, account_id)
);

-- -- work and records -------------------------------------------------------------------------------------------

CREATE TABLE sync_run (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  resource_id text NOT NULL,
  kind text NOT NULL,
  trigger text NOT NULL,
  started_at int8 NOT NULL,
  ended_at int8,
  outcome text NOT NULL,
  upserts int4 NOT NULL DEFAULT 0,
  deletions int4 NOT NULL DEFAULT 0,
  error text,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX sync_run_user_id_started_at_idx ON sync_run (user_id, started_at DESC);
CREATE INDEX sync_run_account_id_started_at_idx ON sync_run (account_id, started_at DESC);

CREATE TABLE webhook_event (
  id int8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  provider text NOT NULL,
  push_id text,
  mailbox text,
  resource text,
  outcome text NOT NULL,
  problem text,
  at int8 NOT NULL
);
CREATE INDEX webhook_event_provider_push_id_at_idx ON webhook_event (provider, push_id, at);
CREATE INDEX webhook_event_at_idx ON webhook_event (at);

CREATE TABLE mutation (
  user_id text NOT NULL,
  client_id text NOT NULL,
  n int8 GENERATED BY DEFAULT AS IDENTITY,
  account_id text NOT NULL,
  body jsonb NOT NULL,
  state text NOT NULL,
  error jsonb,
  attempts int4 NOT NULL DEFAULT 0,
  created_at int8 NOT NULL,
  updated_at int8 NOT NULL,
  PRIMARY KEY (user_id, client_id)
);
CREATE INDEX mutation_open_idx ON mutation (account_id, n) WHERE state IN ('pending', 'sending');

CREATE TABLE audit_log (
  id int8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  at int8 NOT NULL,
  user_id text,
  actor text NOT NULL,
  action text NOT NULL,
  subject text,
  detail jsonb NOT NULL
);
CREATE INDEX audit_log_user_id_at_idx ON audit_log (user_id, at DESC);
CREATE INDEX audit_log_at_idx ON audit_log (at);

-- -- row-level security (I11) -----------------------------------------------------------------------------------
-- Everything read on behalf of a person runs as inlet_app with inlet.user_id set (packages/db/src/as-user.ts).
-- The role may read, and only its own rows; it may write nothing and sees no grant, session, credential, resource,
-- watch, webhook or audit row. The engine works as the owner of the tables, which the policies do not bind; FORCE
-- would bind it and then need a second policy that lets it through.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'inlet_app') THEN
    BEGIN
      CREATE ROLE inlet_app NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL; -- another database of this server is being migrated at the same moment
    END;
  END IF;
  -- Since 16 whoever creates a role may grant it but not yet SET ROLE to it. A superuser may do both.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT inlet_app TO %I', current_user);
  END IF;
END
$$;

DO $$
DECLARE
  readable text;
BEGIN
  FOREACH readable IN ARRAY ARRAY['account', 'message', 'message_body', 'attachment', 'thread', 'label',
    'failed_item', 'feed', 'tombstone', 'sync_run', 'mutation']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', readable);
    EXECUTE format('CREATE POLICY own_rows ON %I USING (user_id = current_setting(''inlet.user_id'', true))', readable);
    EXECUTE format('GRANT SELECT ON %I TO inlet_app', readable);
  END LOOP;
END
$$;

-- Under row-level security an operator that is not leakproof (@@ and @> are not) may not be used in an index scan,
-- so a search would read every vector of the user. These two functions run as the owner and hold the same condition
-- themselves. They answer ids; the rows are then read under the policies.

CREATE FUNCTION inlet_search(query tsquery, in_account text, max_rows int) RETURNS TABLE (id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.id
    FROM message_search s JOIN message m ON m.user_id = s.user_id AND m.id = s.id
   WHERE s.user_id = current_setting('inlet.user_id', true)
     AND s.vector @@ query
     AND (in_account IS NULL OR s.account_id = in_account)
   ORDER BY m.received_at DESC, m.id DESC
   LIMIT least(max_rows, 200)
$$;

CREATE FUNCTION inlet_threads_with_label(label text, before int8, max_rows int) RETURNS TABLE (id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id
    FROM thread t
   WHERE t.user_id = current_setting('inlet.user_id', true)
     AND t.label_ids @> ARRAY[label]
     AND (before IS NULL OR t.last_message_at < before)
   ORDER BY t.last_message_at DESC, t.id DESC
   LIMIT least(max_rows, 1000)
$$;

REVOKE ALL ON FUNCTION inlet_search(tsquery, text, int) FROM PUBLIC;
REVOKE ALL ON FUNCTION inlet_threads_with_label(text, int8, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION inlet_search(tsquery, text, int) TO inlet_app;
GRANT EXECUTE ON FUNCTION inlet_threads_with_label(text, int8, int) TO inlet_app;
GRANT USAGE ON SCHEMA public TO inlet_app;
