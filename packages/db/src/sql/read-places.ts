/**
 * $1 account, $2 folder and $3 epoch that are spoken of, $4 UIDs there, $5 message ids. Answers what stands at the UIDs,
 * and all places of the messages that stand there and of those named. Looked up one by one, see read-messages.ts;
 * OFFSET 0 keeps the second lookup apart, which a limit cannot.
 */
export const readPlaces = `
WITH own AS (
  SELECT p.* FROM unnest($4::int8[]) AS u (uid)
   CROSS JOIN LATERAL (
     SELECT * FROM place WHERE account_id = $1 AND resource = $2 AND epoch = $3 AND uid = u.uid LIMIT 1) AS p
), concerned AS (
  SELECT unnest($5::text[]) AS id UNION SELECT message_id FROM own WHERE message_id IS NOT NULL
)
SELECT resource, epoch, uid, message_id, flags, modseq::text AS modseq, gone FROM own
 UNION
SELECT p.resource, p.epoch, p.uid, p.message_id, p.flags, p.modseq::text, p.gone
  FROM concerned CROSS JOIN LATERAL (SELECT * FROM place WHERE account_id = $1 AND message_id = concerned.id OFFSET 0) AS p`
