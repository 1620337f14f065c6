import { getAuth } from './runtime.ts'

export type SignedIn = { id: string; name: string; email: string; sessionId: string }

/** The session that the request's cookie names, checked against the database; null without a live one. */
export async function currentSession(from: Headers): Promise<SignedIn | null> {
  const auth = await getAuth()
  const found = await auth.api.getSession({ headers: from })
  if (!found) return null
  const { user, session } = found
  return { id: user.id, name: user.name, email: user.email, sessionId: session.id }
}
