import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { getAuth } from './runtime.ts'

export type SignedIn = { id: string; name: string; email: string; sessionId: string }

export async function currentSession(from: Headers): Promise<SignedIn | null> {
  const auth = await getAuth()
  const found = await auth.api.getSession({ headers: from })
  if (!found) return null
  const { user, session } = found
  return { id: user.id, name: user.name, email: user.email, sessionId: session.id }
}

/** For pages: the signed-in user, or the way to the sign-in page. */
export async function requireUser(): Promise<SignedIn> {
  const user = await currentSession(await headers())
  if (!user) redirect('/sign-in')
  return user
}
