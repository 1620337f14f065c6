import type { Metadata } from 'next'
import { cookies } from 'next/headers'
import { notFound } from 'next/navigation'
import { offered } from '@/server/adapter-of.ts'
import { REFUSED_COOKIE, whyBack } from '@/server/imap-consent.ts'
import { getRuntime } from '@/server/runtime.ts'
import { requireUser } from '@/server/session.ts'
import { ImapScreen } from '@/settings/imap/imap-screen.tsx'

export const metadata: Metadata = { title: 'Connect a mailbox by IMAP' }

export default async function ConnectImapPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const user = await requireUser()
  const runtime = await getRuntime()
  const { imap } = runtime.config
  if (!imap) notFound()
  const params = await searchParams
  const { email, provider } = params
  const refused = (await cookies()).get(REFUSED_COOKIE)?.value
  return (
    <ImapScreen
      email={typeof email === 'string' ? email.slice(0, 320) : ''}
      name={user.name}
      offered={offered(runtime)}
      plain={imap.privateHosts}
      configured={runtime.adapters.imap?.consents.configured ?? []}
      from={typeof provider === 'string' ? provider : null}
      back={whyBack(runtime, user, params, refused)}
    />
  )
}
