'use client'

import { useAccounts, useLabels, useThread } from '@inlet/client/react'
import { sameValue } from '@inlet/client/store'
import type { MessageView, ThreadView } from '@inlet/client/views'
import { Archive, ArrowLeft, Mail, MailX, Star, Trash2 } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { keysOf } from '@/commands/shortcuts.ts'
import { Button } from '@/ui/button.tsx'
import { EmptyState } from '@/ui/empty-state.tsx'
import { IconButton } from '@/ui/icon-button.tsx'
import { Skeleton } from '@/ui/skeleton.tsx'
import { useNow } from '@/ui/use-now.ts'
import { AccountMark } from '../account-mark.tsx'
import { LabelChip } from '../list/label-chip.tsx'
import { chipLabels } from '../list/row-labels.ts'
import type { ThreadActions } from '../use-thread-actions.ts'
import { MessageCard } from './message-card.tsx'
import { useMarkRead } from './use-mark-read.ts'

interface Props {
  threadId: string
  actions: ThreadActions
  ownEmails: ReadonlySet<string>
  onClose(): void
}

export function Reader({ threadId, actions, ownEmails, onClose }: Props) {
  const { thread, messages, loading, error } = useThread(threadId)
  useMarkRead(threadId, messages)
  return (
    <section
      aria-label="Conversation"
      data-testid="reader"
      data-thread-id={threadId}
      className="flex h-full flex-col"
    >
      <ReaderBar thread={thread} actions={actions} onClose={onClose} />
      <div className="min-h-0 flex-1 overflow-y-auto" key={threadId}>
        {thread && messages.length > 0 ? (
          <Conversation thread={thread} messages={messages} ownEmails={ownEmails} />
        ) : loading ? (
          <ReaderSkeleton />
        ) : (
          <EmptyState
            icon={MailX}
            title="This conversation is not here"
            action={<Button onClick={onClose}>Back to the list</Button>}
          >
            {error?.message ?? 'It may have been deleted, or belongs to another account.'}
          </EmptyState>
        )}
      </div>
    </section>
  )
}

function ReaderBar({
  thread,
  actions,
  onClose,
}: {
  thread: ThreadView | null
  actions: ThreadActions
  onClose(): void
}) {
  const act = (run: (threads: readonly ThreadView[]) => Promise<void>) => () => {
    if (thread) void run([thread])
  }
  const off = thread === null
  return (
    <div
      role="toolbar"
      aria-label="Conversation"
      className="flex h-12 shrink-0 items-center gap-0.5 border-b border-line px-3"
    >
      <IconButton icon={ArrowLeft} label="Back to the list" keys={keysOf('thread.close')} onClick={onClose} />
      <span className="mx-1.5 h-4 w-px bg-line" aria-hidden />
      <IconButton
        icon={Archive}
        label="Archive"
        keys={keysOf('thread.archive')}
        disabled={off}
        onClick={act(actions.archive)}
      />
      <IconButton
        icon={Trash2}
        label="Move to trash"
        keys={keysOf('thread.trash')}
        disabled={off}
        onClick={act(actions.trash)}
      />
      <IconButton
        icon={Mail}
        label="Mark unread"
        keys={keysOf('thread.unread')}
        disabled={off}
        onClick={() => {
          act(threads => actions.setRead(threads, false))()
          onClose()
        }}
      />
      <IconButton
        icon={Star}
        label={thread?.starred ? 'Unstar' : 'Star'}
        keys={keysOf('thread.star')}
        disabled={off}
        iconClassName={thread?.starred ? 'fill-star text-star' : ''}
        onClick={act(threads => actions.setStar(threads, !thread?.starred))}
      />
    </div>
  )
}

function Conversation({
  thread,
  messages,
  ownEmails,
}: {
  thread: ThreadView
  messages: readonly MessageView[]
  ownEmails: ReadonlySet<string>
}) {
  const now = useNow('halfMinute')
  const { labels } = useLabels(thread.accountId)
  const byId = useMemo(() => new Map(labels.map(label => [label.id, label])), [labels])
  const chips = chipLabels(thread.labelIds, byId, null)
  const newest = messages.at(-1)?.id
  // What was unread when the conversation was opened stays open after it is marked read.
  const [openedAs] = useState(
    () => new Set(messages.filter(message => message.unread).map(message => message.id)),
  )
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map())
  const isOpen = (message: MessageView) =>
    toggled.get(message.id) ?? (message.id === newest || message.unread || openedAs.has(message.id))
  const first = useRef<HTMLDivElement>(null)
  const firstOpen = messages.find(message => isOpen(message))?.id

  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the conversation is opened.
  useEffect(() => {
    if (messages.length > 3) first.current?.scrollIntoView({ block: 'start' })
  }, [])

  return (
    <div className="mx-auto max-w-[860px] px-4 pb-16 md:px-8">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1.5 pt-6 pb-2">
        <h2 className="text-lg leading-6 font-semibold tracking-tight [overflow-wrap:anywhere]">
          {thread.subject || '(no subject)'}
        </h2>
        {chips.map(label => (
          <LabelChip key={label.id} label={label} />
        ))}
        <Whose accountId={thread.accountId} />
      </div>
      {messages.map(message => (
        <div key={message.id} ref={message.id === firstOpen ? first : null} className="scroll-mt-2">
          <MessageCard
            message={message}
            open={isOpen(message)}
            foldable={messages.length > 1}
            now={now}
            ownEmails={ownEmails}
            onToggle={() => setToggled(before => new Map(before).set(message.id, !isOpen(message)))}
          />
        </div>
      ))}
    </div>
  )
}

/** The account that the conversation belongs to, where there are several. */
function Whose({ accountId }: { accountId: string }) {
  const account = useAccounts(all => {
    const own = all.length > 1 ? all.find(each => each.id === accountId) : undefined
    return own ? { id: own.id, provider: own.provider, email: own.email } : null
  }, sameValue)
  if (!account) return null
  return (
    <p className="flex min-w-0 items-center gap-1.5 text-xs text-faint">
      <AccountMark account={account} />
      <span className="truncate">{account.email}</span>
    </p>
  )
}

function ReaderSkeleton() {
  return (
    <div
      className="mx-auto max-w-[860px] space-y-6 px-8 pt-8"
      role="status"
      aria-label="Loading the conversation"
    >
      <Skeleton className="h-5 w-2/3" />
      <div className="flex gap-3">
        <Skeleton className="size-8 rounded-full" />
        <div className="flex-1 space-y-3">
          <Skeleton className="w-40" />
          <Skeleton className="w-24" />
          <Skeleton className="mt-6 w-full" />
          <Skeleton className="w-11/12" />
          <Skeleton className="w-3/4" />
        </div>
      </div>
    </div>
  )
}
