-- Comparisons of an account with its provider, and what they found.
CREATE TABLE reconciliation (
  user_id text NOT NULL,
  id text NOT NULL,
  account_id text NOT NULL,
  trigger text NOT NULL,
  started_at int8 NOT NULL,
  ended_at int8,
  outcome text NOT NULL,
  pending text[] NOT NULL,
  provider int4 NOT NULL DEFAULT 0,
  stored int4 NOT NULL DEFAULT 0,
  missing int4 NOT NULL DEFAULT 0,
  extra int4 NOT NULL DEFAULT 0,
  differing int4 NOT NULL DEFAULT 0,
  failed int4 NOT NULL DEFAULT 0,
  resources jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (user_id, id)
);
CREATE INDEX reconciliation_account_id_started_at_idx ON reconciliation (account_id, started_at DESC);

ALTER TABLE reconciliation ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON reconciliation USING (user_id = current_setting('inlet.user_id', true));
GRANT SELECT ON reconciliation TO inlet_app;

-- A proof says since when its counts disagree, and when ids were last compared.
UPDATE account SET proof = proof || '{"differsSince": null, "compared": null}' WHERE proof IS NOT NULL;
