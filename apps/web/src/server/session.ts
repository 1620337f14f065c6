import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { currentSession, type SignedIn } from './current-session.ts'

/** For pages: the signed-in user, or the way to the sign-in page. */
export async function requireUser(): Promise<SignedIn> {
  const user = await currentSession(await headers())
  if (!user) redirect('/sign-in')
  return user
}
