/**
 * $1 user, $2 account, $3 folder, $4 epoch, then columns: $5 UID, $6 message or null (gone), $7 flags with spaces
 * between them, $8 modseq.
 */
export const putPlaces = `
INSERT INTO place (user_id, account_id, resource, epoch, uid, message_id, flags, modseq, gone)
SELECT $1, $2, $3, $4, u.uid, u.message_id, string_to_array(u.flags, ' '), u.modseq, u.message_id IS NULL
  FROM unnest($5::int8[], $6::text[], $7::text[], $8::int8[]) AS u (uid, message_id, flags, modseq)
ON CONFLICT (account_id, resource, epoch, uid) DO UPDATE SET
  message_id = excluded.message_id, flags = excluded.flags, modseq = excluded.modseq, gone = excluded.gone`
