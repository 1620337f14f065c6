/** $1 user, $2 message. */
export const readBody = `
SELECT m.account_id AS "accountId", m.provider_id AS "providerId",
       CASE WHEN b.id IS NOT NULL THEN json_build_object(
         'id', m.id, 'html', b.html, 'text', b.text, 'warning', b.warning,
         'attachments', (
           SELECT coalesce(json_agg(json_build_object(
                    'id', a.id, 'filename', a.filename, 'mimeType', a.mime_type, 'sizeBytes', a.size_bytes,
                    'inline', a.inline, 'contentId', a.content_id) ORDER BY a.part_id, a.id), '[]')
             FROM attachment a WHERE a.user_id = m.user_id AND a.message_id = m.id)) END AS body
  FROM message m LEFT JOIN message_body b ON b.user_id = m.user_id AND b.id = m.id
 WHERE m.user_id = $1 AND m.id = $2`
