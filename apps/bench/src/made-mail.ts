import type { PulledLabel, PulledMessage } from '@inlet/sync/provider-port'

const SYSTEM: PulledLabel[] = [
  { id: 'INBOX', name: 'Inbox', role: 'inbox', color: null, hidden: false },
  { id: 'UNREAD', name: 'Unread', role: 'unread', color: null, hidden: true },
  { id: 'STARRED', name: 'Starred', role: 'starred', color: null, hidden: false },
  { id: 'IMPORTANT', name: 'Important', role: 'important', color: null, hidden: false },
]
const OWN = Array.from({ length: 12 }, (_, i) => ({
  id: `Label_${i + 1}`,
  name: `Project ${i + 1}`,
  role: null,
  color: null,
  hidden: false,
}))
export const madeLabels: PulledLabel[] = [...SYSTEM, ...OWN]

const NEWEST = Date.UTC(2026, 10, 1)
const WORDS =
  'budget meeting invoice draft review launch schedule contract update question travel report'.split(' ')

/**
 * Message number `n`, always the same: five messages in two threads, two to four labels, a snippet of some 120
 * characters. Newest first, like a mailbox that is listed. Bodies are left out: no table of the feed holds them.
 */
export function madeMessage(n: number): PulledMessage {
  const pick = (salt: number) => (n * 2_654_435_761 + salt * 40_503) >>> 0
  const word = (salt: number) => WORDS[pick(salt) % WORDS.length] ?? ''
  const thread = Math.floor(n / 5) * 2 + (n % 5 < 3 ? 0 : 1)
  const person = (salt: number) => {
    const who = pick(salt) % 400
    return { name: `Person Number ${who}`, email: `person.${who}@example${who % 7}.com` }
  }
  const unread = pick(1) % 4 === 0
  const starred = pick(2) % 20 === 0
  const receivedAt = NEWEST - n * 61_000
  return {
    id: `m${n.toString(16).padStart(15, '0')}`,
    threadId: `t${thread.toString(16).padStart(15, '0')}`,
    version: BigInt(5_000_000 - n),
    subject: `${word(3)} ${word(4)} for the ${word(5)} of ${word(6)} (${thread})`,
    from: person(7),
    to: [person(8)],
    cc: n % 3 === 0 ? [person(9), person(10)] : [],
    bcc: [],
    replyTo: [],
    snippet: Array.from({ length: 17 }, (_, i) => word(20 + i)).join(' '),
    receivedAt,
    sentAt: receivedAt - 2_000,
    labelIds: [
      'INBOX',
      ...(unread ? ['UNREAD'] : []),
      ...(starred ? ['STARRED'] : []),
      `Label_${1 + (pick(11) % 12)}`,
    ],
    unread,
    starred,
    draft: false,
    sizeBytes: 4_000 + (pick(12) % 60_000),
    messageIdHeader: `<${n}.${thread}@mail.example.com>`,
    inReplyTo: n % 5 === 0 ? null : `<${n - 1}.${thread}@mail.example.com>`,
    references: n % 5 === 0 ? [] : [`<${n - 1}.${thread}@mail.example.com>`],
    attachments: [],
    body: null,
  }
}
