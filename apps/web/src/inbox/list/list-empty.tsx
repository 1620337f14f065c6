'use client'

import { useAccounts, useEmailUpdates } from '@inlet/client/react'
import { Inbox, MailPlus, SearchX, Unplug } from 'lucide-react'
import { Button, buttonClass } from '@/ui/button.tsx'
import { EmptyState } from '@/ui/empty-state.tsx'
import { count } from '@/ui/format.ts'
import { ProgressBar } from '@/ui/progress-bar.tsx'
import type { View } from '../view.ts'

const folders: Record<string, { title: string; text: string }> = {
  inbox: { title: 'Inbox zero', text: 'New mail appears here the moment it arrives.' },
  starred: { title: 'Nothing starred', text: 'Press S on a conversation to keep it here.' },
  sent: { title: 'Nothing sent', text: 'Mail that you send from any of your devices appears here.' },
  drafts: { title: 'No drafts', text: 'Drafts that you begin on any of your devices appear here.' },
  trash: { title: 'Trash is empty', text: 'Mail that you delete stays here until the provider clears it.' },
  spam: { title: 'No spam', text: 'What the provider takes for spam appears here.' },
}

/** Says what will appear, and offers the next step. */
export function ListEmpty({ view, unreadOnly, onAll }: { view: View; unreadOnly: boolean; onAll(): void }) {
  const { accounts, loading } = useAccounts()
  const fill = useEmailUpdates(state => state.fill)
  if (loading) return null
  if (accounts.length === 0) {
    return (
      <EmptyState
        icon={MailPlus}
        title="Connect your first account"
        action={
          <a href="/connect" className={buttonClass({ kind: 'primary' })}>
            Connect an account
          </a>
        }
      >
        Your mail is copied here, newest first, and stays live from then on.
      </EmptyState>
    )
  }
  const copying = accounts.find(account => account.progress)
  if (copying?.progress || fill.running) {
    const { done, total } = copying?.progress ?? fill
    return (
      <EmptyState icon={Inbox} title="Your mail is on its way">
        <p>The newest comes first; you can start reading while the rest is copied.</p>
        <ProgressBar done={done} total={total} label="Copying mail" className="mt-4" />
        <p className="mt-1.5 text-xs text-faint">
          {count(done)}
          {total === null ? ' messages so far' : ` of ${count(total)} messages`}
        </p>
      </EmptyState>
    )
  }
  if (view.query) {
    return (
      <EmptyState icon={SearchX} title="Nothing found">
        No message contains “{view.query}”. Try fewer or other words.
      </EmptyState>
    )
  }
  if (unreadOnly) {
    return (
      <EmptyState icon={Inbox} title="All read" action={<Button onClick={onAll}>Show all</Button>}>
        Unread conversations appear here as they arrive.
      </EmptyState>
    )
  }
  if (accounts.every(account => account.status.state === 'disconnected')) {
    return (
      <EmptyState
        icon={Unplug}
        title="No account is syncing"
        action={
          <a href="/settings" className={buttonClass({ kind: 'primary' })}>
            Open settings
          </a>
        }
      >
        Reconnect or start an account, and its mail appears here.
      </EmptyState>
    )
  }
  const folder = view.labelId ? null : folders[view.role ?? '']
  return (
    <EmptyState icon={Inbox} title={folder?.title ?? 'Nothing here'}>
      {folder?.text ?? 'Conversations with this label appear here.'}
    </EmptyState>
  )
}
