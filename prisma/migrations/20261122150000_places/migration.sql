-- Where messages lie, for providers that tell that and not what state they are in (IMAP).
CREATE TABLE place (
  user_id text NOT NULL,
  account_id text NOT NULL,
  resource text NOT NULL,
  epoch text NOT NULL,
  uid int8 NOT NULL,
  message_id text,
  flags text[] NOT NULL,
  modseq int8,
  gone boolean NOT NULL,
  PRIMARY KEY (account_id, resource, epoch, uid)
);
CREATE INDEX place_account_id_message_id_idx ON place (account_id, message_id);

ALTER TABLE place ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON place USING (user_id = current_setting('inlet.user_id', true));
GRANT SELECT ON place TO inlet_app;
