import type { Mailbox } from '../../mailbox/mailbox.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { SYSTEM_LABELS } from '../../mailbox/types.ts'
import { readableText } from '../../mime/snippet.ts'

export type Test = (message: StoredMessage) => boolean

export interface Query {
  test: Test
  /** True when the query itself asks for spam or trash. */
  anywhere: boolean
}

/**
 * The part of Gmail's search language that programs use: in:, label:, is:, has:attachment, from:,
 * to:, subject:, rfc822msgid:, after:, before:, newer_than:, older_than:, filename:, words,
 * "phrases", a leading minus, and OR between two terms.
 */
export function parseQuery(mailbox: Mailbox, q: string, now: number): Query {
  const terms = q.match(/-?(?:[a-z_0-9]+:)?(?:"[^"]*"|\([^)]*\)|[^\s"()]+)/gi) ?? []
  const groups: Test[][] = []
  let anywhere = false
  let join = false
  for (const term of terms) {
    if (term === 'OR' || term === '|') {
      join = groups.length > 0
      continue
    }
    if (/^in:(spam|trash|anywhere)$/i.test(term) || /^label:(spam|trash)$/i.test(term)) anywhere = true
    const test = parseTerm(mailbox, term, now)
    if (join) groups.at(-1)?.push(test)
    else groups.push([test])
    join = false
  }
  return { anywhere, test: message => groups.every(group => group.some(test => test(message))) }
}

function parseTerm(mailbox: Mailbox, term: string, now: number): Test {
  if (term.startsWith('-') && term.length > 1) {
    const inner = parseTerm(mailbox, term.slice(1), now)
    return message => !inner(message)
  }
  const colon = /^([a-z_0-9]+):(.+)$/is.exec(term)
  const value = unquote(colon?.[2] ?? term).toLowerCase()
  switch (colon?.[1]?.toLowerCase()) {
    case 'in':
      return value === 'anywhere' ? () => true : byLabel(mailbox, value)
    case 'label':
      return byLabel(mailbox, value)
    case 'category':
      return byLabel(mailbox, value === 'primary' ? 'category_personal' : `category_${value}`)
    case 'is':
      if (value === 'read') return message => !message.labels.includes('unread')
      return byLabel(mailbox, value)
    case 'has':
      return value === 'attachment' ? message => hasFile(mailbox, message, '') : () => false
    case 'filename':
      return message => hasFile(mailbox, message, value)
    case 'from':
      return message => message.index.from.toLowerCase().includes(value)
    case 'to':
    case 'cc':
    case 'bcc':
    case 'deliveredto':
      return message => message.index.to.toLowerCase().includes(value)
    case 'subject':
      return message => message.index.subject.toLowerCase().includes(value)
    case 'rfc822msgid':
      return message =>
        message.index.messageId.replace(/[<>]/g, '').toLowerCase() === value.replace(/[<>]/g, '')
    case 'after':
    case 'newer':
      return message => message.date >= parseDate(value)
    case 'before':
    case 'older':
      return message => message.date < parseDate(value)
    case 'newer_than':
      return message => message.date >= now - parseSpan(value)
    case 'older_than':
      return message => message.date < now - parseSpan(value)
    default:
      return byWords(mailbox, unquote(term).toLowerCase())
  }
}

function unquote(text: string): string {
  return text.replace(/^["(]|[")]$/g, '')
}

function byLabel(mailbox: Mailbox, name: string): Test {
  const system = name === 'drafts' ? 'draft' : name
  if ((SYSTEM_LABELS as readonly string[]).includes(system)) return message => message.labels.includes(system)
  const plain = (text: string): string => text.toLowerCase().replace(/[\s/]+/g, '-')
  const label = [...mailbox.labels.values()].find(l => plain(l.name) === plain(name) || l.id === name)
  return label ? message => message.labels.includes(label.id) : () => false
}

function byWords(mailbox: Mailbox, words: string): Test {
  return message => {
    const { subject, from, to } = message.index
    if (`${subject} ${from} ${to}`.toLowerCase().includes(words)) return true
    return readableText(mailbox.parsed(message)).toLowerCase().includes(words)
  }
}

function hasFile(mailbox: Mailbox, message: StoredMessage, name: string): boolean {
  const stack = [mailbox.parsed(message).root]
  for (let part = stack.pop(); part; part = stack.pop()) {
    if (part.filename !== '' && part.filename.toLowerCase().includes(name)) return true
    stack.push(...part.parts)
  }
  return false
}

/** Epoch seconds, or a date as 2026/11/21; an unreadable one matches nothing after it. */
function parseDate(text: string): number {
  if (/^\d{9,}$/.test(text)) return Number(text) * 1000
  const match = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})$/.exec(text)
  return match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) : Number.NaN
}

const SPAN: Record<string, number> = { h: 1 / 24, d: 1, m: 30, y: 365 }

function parseSpan(text: string): number {
  const match = /^(\d+)([hdmy])$/.exec(text)
  return match ? Number(match[1]) * (SPAN[match[2] ?? 'd'] ?? 1) * 24 * 3600_000 : 0
}
