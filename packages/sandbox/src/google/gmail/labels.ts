import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import type { Mailbox } from '../../mailbox/mailbox.ts'
import { type StoredLabel, SYSTEM_LABELS } from '../../mailbox/types.ts'

const SYSTEM = new Set<string>(SYSTEM_LABELS)

/** `inbox` → `INBOX`, `label_3` → `Label_3`. */
export function toGoogle(id: string): string {
  return SYSTEM.has(id) ? id.toUpperCase() : `L${id.slice(1)}`
}

/** The mailbox's id of a Google label id, or undefined if the mailbox has no such label. */
export function fromGoogle(mailbox: Mailbox, id: string): string | undefined {
  const lower = id.toLowerCase()
  if (SYSTEM.has(lower)) return id === id.toUpperCase() ? lower : undefined
  return id.startsWith('Label_') && mailbox.labels.has(lower) ? lower : undefined
}

/** Every label in Gmail's order: system labels first. Lists carry no counts. */
export function labelResources(mailbox: Mailbox): gmail_v1.Schema$Label[] {
  const system = SYSTEM_LABELS.map(systemLabel)
  return [...system, ...[...mailbox.labels.values()].map(userLabel)]
}

export function labelResource(mailbox: Mailbox, id: string): gmail_v1.Schema$Label {
  const stored = mailbox.labels.get(id)
  return { ...(stored ? userLabel(stored) : systemLabel(id)), ...countsOf(mailbox, id) }
}

function systemLabel(id: string): gmail_v1.Schema$Label {
  const name = id.toUpperCase()
  const hidden =
    id === 'unread' || id === 'starred' || id === 'chat' || id === 'important' || id.startsWith('category_')
  return {
    id: name,
    name,
    type: 'system',
    ...(hidden && { messageListVisibility: 'hide', labelListVisibility: 'labelHide' }),
  }
}

function userLabel(label: StoredLabel): gmail_v1.Schema$Label {
  return {
    id: toGoogle(label.id),
    name: label.name,
    messageListVisibility: label.messageVisibility ?? 'show',
    labelListVisibility: label.listVisibility ?? 'labelShow',
    type: 'user',
    ...(label.color && { color: { textColor: label.color.text, backgroundColor: label.color.background } }),
  }
}

export function countsOf(
  mailbox: Mailbox,
  id: string,
): {
  messagesTotal: number
  messagesUnread: number
  threadsTotal: number
  threadsUnread: number
} {
  const threads = new Set<string>()
  const unread = new Set<string>()
  let messagesTotal = 0
  let messagesUnread = 0
  for (const message of mailbox.all()) {
    if (!message.labels.includes(id)) continue
    messagesTotal++
    threads.add(message.threadId)
    if (!message.labels.includes('unread')) continue
    messagesUnread++
    unread.add(message.threadId)
  }
  return { messagesTotal, messagesUnread, threadsTotal: threads.size, threadsUnread: unread.size }
}
