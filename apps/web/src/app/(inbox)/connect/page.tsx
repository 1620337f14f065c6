import type { Metadata } from 'next'
import { offered } from '@/server/adapter-of.ts'
import { getRuntime } from '@/server/runtime.ts'
import { requireUser } from '@/server/session.ts'
import { ConnectScreen } from '@/settings/connect-screen.tsx'

export const metadata: Metadata = { title: 'Connect an account' }

export default async function ConnectPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  await requireUser()
  const { error, provider } = await searchParams
  const problem = typeof error === 'string' ? { error, provider: String(provider) } : null
  return <ConnectScreen offered={offered(await getRuntime())} problem={problem} />
}
