'use client'

import { useMessageBody } from '@inlet/client/react'
import type { MessageView } from '@inlet/client/views'
import { displayName } from '@inlet/protocol/display-name'
import type { Address } from '@inlet/protocol/entities'
import { Paperclip, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Avatar } from '@/ui/avatar.tsx'
import { Button } from '@/ui/button.tsx'
import { clock, fullTime } from '@/ui/format.ts'
import { Skeleton } from '@/ui/skeleton.tsx'
import { Attachments } from './attachments.tsx'
import { MailFrame } from './mail-frame.tsx'
import { MailText } from './mail-text.tsx'

interface Props {
  message: MessageView
  open: boolean
  /** A lone message cannot be folded away. */
  foldable: boolean
  now: number
  ownEmails: ReadonlySet<string>
  onToggle(): void
}

export function MessageCard({ message, open, foldable, now, ownEmails, onToggle }: Props) {
  if (!open) return <FoldedMessage message={message} now={now} onOpen={onToggle} />
  return (
    <article
      data-testid="message"
      data-message-id={message.id}
      aria-label={`Message from ${displayName(message.from)}`}
      className="border-b border-line py-5 last:border-b-0"
    >
      <MessageHeader message={message} now={now} ownEmails={ownEmails} onFold={foldable ? onToggle : null} />
      <div className="mt-4 md:pl-11">
        <MessageContent message={message} />
      </div>
    </article>
  )
}

function FoldedMessage({ message, now, onOpen }: { message: MessageView; now: number; onOpen(): void }) {
  return (
    <button
      type="button"
      data-testid="message-folded"
      aria-expanded={false}
      onClick={onOpen}
      className="flex h-12 w-full items-center gap-3 border-b border-line text-left text-muted hover:text-text"
    >
      <Avatar address={message.from} className="mx-0.5 size-7" />
      <span className="w-32 shrink-0 truncate">{displayName(message.from)}</span>
      <span className="min-w-0 flex-1 truncate text-faint">{message.snippet}</span>
      {message.attachmentCount > 0 ? (
        <Paperclip className="size-3 text-faint" aria-label="With attachments" />
      ) : null}
      <span className="shrink-0 text-2xs text-faint">{clock(message.receivedAt, now)}</span>
    </button>
  )
}

function MessageHeader({
  message,
  now,
  ownEmails,
  onFold,
}: {
  message: MessageView
  now: number
  ownEmails: ReadonlySet<string>
  onFold: (() => void) | null
}) {
  const [details, setDetails] = useState(false)
  const people = (list: readonly Address[]) =>
    list.map(person => (ownEmails.has(person.email.toLowerCase()) ? 'me' : displayName(person))).join(', ')
  const name = displayName(message.from)
  return (
    <header className="flex items-start gap-3">
      <Avatar address={message.from} />
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          {onFold ? (
            <button type="button" aria-expanded onClick={onFold} className="truncate font-semibold">
              {name}
            </button>
          ) : (
            <span className="truncate font-semibold">{name}</span>
          )}
          {message.from.name ? (
            <span className="min-w-0 truncate text-xs text-faint max-md:hidden">{message.from.email}</span>
          ) : null}
          <time
            dateTime={new Date(message.receivedAt).toISOString()}
            title={fullTime(message.receivedAt)}
            className="ml-auto shrink-0 text-xs text-faint"
          >
            {clock(message.receivedAt, now)}
          </time>
        </div>
        <button
          type="button"
          aria-expanded={details}
          onClick={() => setDetails(!details)}
          className="block h-6 max-w-full truncate text-left text-xs text-faint hover:text-text"
        >
          {message.to.length > 0 ? `to ${people(message.to)}` : 'no recipient named'}
          {message.cc.length > 0 ? `, cc ${people(message.cc)}` : ''}
        </button>
        {details ? <HeaderDetails message={message} /> : null}
      </div>
    </header>
  )
}

function HeaderDetails({ message }: { message: MessageView }) {
  const full = (list: readonly Address[]) =>
    list.map(({ name, email }) => (name ? `${name} <${email}>` : email)).join(', ')
  const rows = [
    ['From', full([message.from])],
    ['To', full(message.to)],
    ['Cc', full(message.cc)],
    ['Received', fullTime(message.receivedAt)],
    ['Message-ID', message.messageIdHeader ?? ''],
  ] as const
  return (
    <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 rounded-md bg-sunken px-3 py-2 text-xs">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-faint">{name}</dt>
            <dd className="[overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
    </dl>
  )
}

function MessageContent({ message }: { message: MessageView }) {
  const { status, body, error, retry } = useMessageBody(message.id)
  if (status === 'loading') {
    return (
      <div className="space-y-3 py-1" role="status" aria-label="Loading the message">
        {['w-11/12', 'w-full', 'w-4/5', 'w-2/3'].map(width => (
          <Skeleton key={width} className={width} />
        ))}
      </div>
    )
  }
  if (status === 'error' || !body) {
    return (
      <div role="alert" className="flex items-center gap-3 rounded-md bg-bad-wash px-3 py-2 text-bad-text">
        <TriangleAlert className="size-4 shrink-0" aria-hidden />
        <span className="flex-1">{error?.message ?? 'This message could not be loaded.'}</span>
        <Button size="sm" onClick={retry}>
          Try again
        </Button>
      </div>
    )
  }
  return (
    <>
      {body.warning ? (
        <p className="mb-3 rounded-md bg-warn-wash px-3 py-2 text-xs text-warn-text">{body.warning}</p>
      ) : null}
      {body.html?.trim() ? (
        <MailFrame
          html={body.html}
          attachments={body.attachments}
          title={`Message from ${displayName(message.from)}`}
        />
      ) : (
        <MailText text={body.text ?? ''} />
      )}
      <Attachments attachments={body.attachments} />
    </>
  )
}
