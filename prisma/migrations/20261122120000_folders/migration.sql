-- Failed items and a person's changes belong to the account, whatever resources it has.
UPDATE resource SET key = '', name = '' WHERE lane IN ('items', 'mutations');

-- A push may name the watch that rang.
CREATE INDEX watch_provider_id_idx ON watch (provider_id);
