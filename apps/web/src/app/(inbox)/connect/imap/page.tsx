import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { offered } from '@/server/adapter-of.ts'
import { getRuntime } from '@/server/runtime.ts'
import { requireUser } from '@/server/session.ts'
import { ImapScreen } from '@/settings/imap/imap-screen.tsx'

export const metadata: Metadata = { title: 'Connect a mailbox by IMAP' }

export default async function ConnectImapPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const { name } = await requireUser()
  const runtime = await getRuntime()
  const { imap } = runtime.config
  if (!imap) notFound()
  const { email } = await searchParams
  return (
    <ImapScreen
      email={typeof email === 'string' ? email.slice(0, 320) : ''}
      name={name}
      offered={offered(runtime)}
      plain={imap.privateHosts}
    />
  )
}
