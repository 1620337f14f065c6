/**
 * Open mutations of account $1 in the order in which they were made, at most $2, with row ids turned into the provider's.
 * A message that is gone by now is left out.
 */
export const pendingMutations = `
SELECT u.client_id AS "clientId", u.user_id AS "userId", u.account_id AS "accountId", u.body, u.state, u.attempts,
       coalesce((SELECT json_agg(m.provider_id ORDER BY ids.n)
          FROM jsonb_array_elements_text(u.body->'messageIds') WITH ORDINALITY AS ids (id, n)
          JOIN message m ON m.user_id = u.user_id AND m.account_id = u.account_id AND m.id = ids.id), '[]') AS "providerIds",
       json_build_object(
         'add', coalesce((SELECT json_agg(l.provider_id ORDER BY l.id) FROM label l
            WHERE l.user_id = u.user_id AND l.account_id = u.account_id AND u.body->'add' ? l.id), '[]'),
         'remove', coalesce((SELECT json_agg(l.provider_id ORDER BY l.id) FROM label l
            WHERE l.user_id = u.user_id AND l.account_id = u.account_id AND u.body->'remove' ? l.id), '[]')
       ) AS "labelProviderIds",
       (SELECT json_build_object('providerId', m.provider_id, 'threadProviderId', m.thread_provider_id,
                                 'messageIdHeader', m.message_id_header, 'references', m.refs)
          FROM message m
         WHERE m.user_id = u.user_id AND m.account_id = u.account_id
           AND m.id = coalesce(u.body->'message'->>'inReplyTo', u.body->'draft'->>'inReplyTo')) AS "inReplyTo"
  FROM mutation u
 WHERE u.account_id = $1 AND u.state IN ('pending', 'sending')
 ORDER BY u.n LIMIT $2`
