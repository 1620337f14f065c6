import type { Metadata } from 'next'
import { requireUser } from '@/server/session.ts'
import { SettingsScreen } from '@/settings/settings-screen.tsx'

export const metadata: Metadata = { title: 'Settings' }

export default async function SettingsPage() {
  const { id, name, email } = await requireUser()
  return <SettingsScreen user={{ id, name, email }} />
}
