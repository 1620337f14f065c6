-- Doorbells that are connections (IMAP IDLE): which worker holds those of which account, and until when.
CREATE TABLE worker (
  id text PRIMARY KEY,
  seen_until int8 NOT NULL
);
CREATE TABLE attendance (
  account_id text PRIMARY KEY,
  worker_id text NOT NULL,
  since int8 NOT NULL,
  lease_until int8 NOT NULL
);
CREATE INDEX attendance_worker_id_idx ON attendance (worker_id);
