import { InboxScreen } from '@/inbox/inbox-screen.tsx'
import { requireUser } from '@/server/session.ts'

export default async function InboxPage() {
  const { id, name, email } = await requireUser()
  return <InboxScreen user={{ id, name, email }} />
}
