/**
 * The attachments of some messages become those given. $1 user, $2 ids of the messages, then columns:
 * $3 id, $4 message, $5 part, $6 filename, $7 type, $8 size, $9 inline, $10 Content-ID.
 */
export const replaceAttachments = `
WITH gone AS (
  DELETE FROM attachment WHERE user_id = $1 AND message_id = ANY($2) AND id <> ALL($3::text[])
)
INSERT INTO attachment (user_id, id, message_id, part_id, filename, mime_type, size_bytes, inline, content_id)
SELECT $1, u.*
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[], $9::boolean[], $10::text[]) AS u
ON CONFLICT (user_id, id) DO UPDATE SET
  message_id = excluded.message_id, part_id = excluded.part_id, filename = excluded.filename,
  mime_type = excluded.mime_type, size_bytes = excluded.size_bytes, inline = excluded.inline,
  content_id = excluded.content_id`
