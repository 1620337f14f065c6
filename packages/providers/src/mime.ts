import { isAscii } from 'node:buffer'
import type { Address } from '@inlet/protocol/entities'
import { addressParser, decodeWords } from 'postal-mime'

/** Bounds on what one message may make us keep. Everything beyond is cut, never refused. */
export const MIME_LIMITS = {
  subject: 1_000,
  name: 300,
  email: 320,
  addresses: 1_000,
  /** Indexed in Postgres, whose B-tree takes at most 2,704 bytes a key. */
  messageId: 512,
  references: 100,
  snippet: 300,
  filename: 255,
  attachments: 500,
  parts: 1_000,
  depth: 50,
  bodyChars: 5_000_000,
  /** How much HTML is looked at for a snippet. */
  snippetSource: 100_000,
} as const

/** Text that Postgres can hold: no NUL, no lone surrogate, no more than `max` UTF-16 units. */
export function clean(text: string, max: number): string {
  const cut = text.length > max ? text.slice(0, max) : text
  return (cut.includes('\0') ? cut.replaceAll('\0', '') : cut).toWellFormed()
}

/** One line: folding, tabs and runs of blanks become a space. */
export function oneLine(text: string, max: number): string {
  return clean(
    text
      .slice(0, max * 4)
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim(),
    max,
  )
}

/** RFC 2047 words decoded; anything malformed stays as it was sent. */
export function decodeHeader(value: string, max: number): string {
  const bounded = value.slice(0, max * 12)
  return oneLine(bounded.includes('=?') ? attempt(() => decodeWords(bounded), bounded) : bounded, max)
}

/** Address lists as people write them: groups flattened, comments and encoded words decoded, nonsense tolerated. */
export function parseAddresses(value: string): Address[] {
  const bounded = value.slice(0, 200_000)
  const found = attempt(() => addressParser(bounded, { flatten: true }), [])
  const addresses: Address[] = []
  for (const each of found) {
    if (addresses.length >= MIME_LIMITS.addresses) break
    const email = oneLine(each.address ?? '', MIME_LIMITS.email)
    const name = oneLine(each.name ?? '', MIME_LIMITS.name)
    if (email || name) addresses.push({ name: name === email ? '' : name, email })
  }
  return addresses
}

/** `<id>` tokens of Message-ID, In-Reply-To and References, with their brackets; a bare word is taken for an id. */
export function parseMessageIds(value: string, max: number): string[] {
  const bounded = value.slice(0, 100_000)
  const bracketed = bounded.match(/<[^<>\s]+>/g)
  const ids = bracketed ?? bounded.split(/\s+/).filter(Boolean)
  // The oldest and the newest name the thread; the middle of an endless chain does not.
  const kept = ids.length > max ? [...ids.slice(0, 1), ...ids.slice(1 - max)] : ids
  return kept.map(id => oneLine(id, MIME_LIMITS.messageId)).filter(Boolean)
}

/** Date header as epoch ms; null when it says nothing or a year beyond belief. */
export function parseDate(value: string): number | null {
  const bounded = value.slice(0, 200)
  for (const text of [
    bounded,
    bounded.replace(/\([^()]*\)/g, ' '),
    bounded.replace(/\s+[A-Z]{2,5}\s*$/, ''),
  ]) {
    const at = Date.parse(text)
    if (Number.isFinite(at) && at > 0 && at < 4_102_444_800_000) return at
  }
  return null
}

const ALIASES: Record<string, string> = {
  utf8: 'utf-8',
  'utf-7': 'utf-8',
  'unicode-1-1-utf-7': 'utf-8',
  ascii: 'windows-1252',
  'us-ascii': 'windows-1252',
  'ansi_x3.4-1968': 'windows-1252',
  default: 'windows-1252',
  'x-unknown': 'windows-1252',
  'iso-8859-8-e': 'iso-8859-8',
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  'windows-31j': 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  ks_c_5601: 'euc-kr',
  cp950: 'big5',
  'big5-hkscs:2004': 'big5',
  latin1: 'windows-1252',
}

/** Written with ASCII bytes only, so that valid UTF-8 proves nothing about them. */
const SEVEN_BIT = new Set(['iso-2022-jp', 'hz-gb-2312'])
const WIDE = new Set(['utf-16le', 'utf-16be'])

/**
 * Bytes as text. The declared charset is a claim: mail often says one and is another, and gateways (Gmail's API among
 * them) convert to UTF-8 and leave the old label. Bytes that are valid UTF-8 with characters beyond ASCII are read as
 * UTF-8 whatever the label says; else the label counts; else windows-1252, which can read anything. `warning` says
 * when a guess was made.
 */
export function decodeText(
  bytes: Uint8Array,
  declared: string | null,
): { text: string; warning: string | null } {
  const label = canonical(declared)
  const ascii = isAscii(bytes)
  if (label && WIDE.has(label) && bytes.includes(0)) return { text: decodeWith(label, bytes), warning: null }
  if (ascii && label && SEVEN_BIT.has(label)) return { text: decodeWith(label, bytes), warning: null }
  if (ascii) return { text: latin1Of(bytes), warning: null }
  const utf8 = attempt(() => STRICT_UTF8.decode(bytes), null)
  if (utf8 !== null) return { text: utf8, warning: null }
  if (label && label !== 'utf-8') return { text: decodeWith(label, bytes), warning: null }
  // A few broken bytes in a UTF-8 text (a cut in the middle of a character) are no reason to misread all the others.
  const mostly = label === 'utf-8' ? decodeWith('utf-8', bytes) : ''
  if (mostly && replacements(mostly) <= Math.max(2, mostly.length / 100))
    return { text: mostly, warning: 'Some bytes of the text are not valid UTF-8.' }
  const warning = declared
    ? `The charset "${declared.slice(0, 40)}" does not fit; read as windows-1252.`
    : null
  return { text: decodeWith('windows-1252', bytes), warning }
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true })
/** Labels that were looked up: mail has a few dozen. */
const names = new Map<string, string | null>()
const NAMES_MAX = 500

/** WHATWG name of a charset label, or null for one that nobody knows. */
function canonical(declared: string | null): string | null {
  if (!declared) return null
  const known = names.get(declared)
  if (known !== undefined) return known
  const name = lookUp(declared)
  if (names.size < NAMES_MAX && declared.length < 100) names.set(declared, name)
  return name
}

function lookUp(declared: string): string | null {
  const label = declared
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '')
  if (!label) return null
  for (const each of [
    label,
    ALIASES[label],
    label.replace(/^x-/, ''),
    label.replace(/^cp-?(125\d)$/, 'windows-$1'),
    label.replaceAll('_', '-'),
  ]) {
    const name = each && attempt(() => new TextDecoder(each).encoding, null)
    if (name) return name
  }
  return null
}

const latin1Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

const decodeWith = (label: string, bytes: Uint8Array): string =>
  attempt(() => new TextDecoder(label).decode(bytes), '')
const replacements = (text: string): number => text.split('\ufffd').length - 1

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  zwnj: '\u200c',
  zwj: '\u200d',
  shy: '\u00ad',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  bull: '•',
  middot: '·',
  copy: '©',
  reg: '®',
  trade: '™',
  euro: '€',
  pound: '£',
}

/** Character references as text; unknown names stay. Gmail's snippets come escaped like this. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (whole, ref: string) => {
    if (!ref.startsWith('#')) return ENTITIES[ref.toLowerCase()] ?? whole
    const code = /^#x/i.test(ref) ? Number.parseInt(ref.slice(2), 16) : Number(ref.slice(1))
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : '\ufffd'
  })
}

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    mark => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[mark] ?? mark,
  )
}

/** Readable text of HTML, for snippets and for readers without HTML. Never rendered, so it need not be exact. */
export function htmlToText(html: string): string {
  const visible = html
    .slice(0, 1_000_000)
    .replace(/<!--[\s\S]*?(?:-->|$)/g, ' ')
    .replace(/<(script|style|head|title)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replace(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6]|hr)\b[^<>]{0,1000}>/gi, '\n')
    .replace(/<[^>]*(?:>|$)/g, '')
  return unescapeHtml(visible)
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** The beginning of a body, for lists. */
export function snippetOf(body: { text: string | null; html: string | null }): string {
  const source = body.text?.trim()
    ? body.text.slice(0, 4_000)
    : htmlToText((body.html ?? '').slice(0, MIME_LIMITS.snippetSource))
  return oneLine(source, MIME_LIMITS.snippet)
}

/** A parameter of a structured header: `charset` of Content-Type, `filename` of Content-Disposition (RFC 2231 too). */
export function headerParameter(value: string, name: string): string | null {
  if (!value.includes(';')) return null
  const bounded = value.slice(0, 10_000)
  const extended = new RegExp(`;\\s*${name}\\*\\s*=\\s*"?([^'";]*)'[^']*'([^";]*)`, 'i').exec(bounded)
  if (extended) {
    const bytes = Buffer.from(
      (extended[2] ?? '').replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'latin1',
    )
    return decodeText(bytes, extended[1] ?? null).text
  }
  const plain = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(bounded)
  return plain ? (plain[1]?.replace(/\\(.)/g, '$1') ?? plain[2] ?? null) : null
}

/** `fallback` for whatever a parser cannot take: bad mail is normal mail. */
function attempt<T>(run: () => T, fallback: T): T {
  try {
    return run()
  } catch {
    return fallback
  }
}
