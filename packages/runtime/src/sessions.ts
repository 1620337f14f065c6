import type { Queryable } from '@inlet/db/pool'

/** A session and its user, under the names that better-auth knows them by. */
export type FoundSession = {
  id: string
  userId: string
  token: string
  expiresAt: Date
  ipAddress: string | null
  userAgent: string | null
  createdAt: Date
  updatedAt: Date
  user: {
    id: string
    name: string
    email: string
    emailVerified: boolean
    image: string | null
    createdAt: Date
    updatedAt: Date
  }
}

type Row = Omit<FoundSession, 'user'> &
  Omit<FoundSession['user'], 'id'> & { userCreatedAt: Date; userUpdatedAt: Date }

/** What every request and every stream asks of sessions, each as one statement. */
export function createSessions(pool: Queryable) {
  return {
    /** For the stream hub: a stream must not outlive its session. Throws when the database cannot say. */
    async liveSessions(sessionIds: string[]): Promise<ReadonlySet<string>> {
      const { rows } = await pool.query<{ id: string }>(
        'SELECT id FROM session WHERE id = ANY($1) AND expires_at > $2',
        [sessionIds, new Date()],
      )
      return new Set(rows.map(row => row.id))
    },
    /** Expired ones too: better-auth judges, and clears them away. */
    async sessionByToken(token: string): Promise<FoundSession | null> {
      const { rows } = await pool.query<Row>(
        `SELECT s.id, s.user_id AS "userId", s.token, s.expires_at AS "expiresAt", s.ip_address AS "ipAddress",
                s.user_agent AS "userAgent", s.created_at AS "createdAt", s.updated_at AS "updatedAt",
                u.name, u.email, u.email_verified AS "emailVerified", u.image,
                u.created_at AS "userCreatedAt", u.updated_at AS "userUpdatedAt"
         FROM session s JOIN "user" u ON u.id = s.user_id WHERE s.token = $1`,
        [token],
      )
      const [row] = rows
      if (!row) return null
      const { name, email, emailVerified, image, userCreatedAt, userUpdatedAt, ...session } = row
      const dates = { createdAt: userCreatedAt, updatedAt: userUpdatedAt }
      return { ...session, user: { id: session.userId, name, email, emailVerified, image, ...dates } }
    },
  }
}
