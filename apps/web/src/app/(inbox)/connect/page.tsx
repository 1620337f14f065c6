import type { Metadata } from 'next'
import { requireUser } from '@/server/session.ts'
import { ConnectScreen } from '@/settings/connect-screen.tsx'

export const metadata: Metadata = { title: 'Connect an account' }

export default async function ConnectPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  await requireUser()
  const { error } = await searchParams
  return <ConnectScreen error={typeof error === 'string' ? error : null} />
}
