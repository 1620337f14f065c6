import type { ReactNode } from 'react'
import { MirrorShell } from '@/inbox/mirror-shell.tsx'
import { requireUser } from '@/server/session.ts'

export default async function InboxLayout({ children }: { children: ReactNode }) {
  const { id } = await requireUser()
  return <MirrorShell userId={id}>{children}</MirrorShell>
}
