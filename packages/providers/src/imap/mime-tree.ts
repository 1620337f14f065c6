import { clean, decodeHeader, decodeText, headerParameter, MIME_LIMITS, oneLine } from '../mime.ts'

/** One part of a message as bytes. Multiparts have children, everything else content. */
export type MimePart = {
  /** As IMAP numbers parts (RFC 3501 §6.4.5): the root of a multipart is '', its children '1', '2', '2.1' … */
  id: string
  type: string
  headers: { name: string; value: string }[]
  filename: string
  /** Encoded, without the transfer encoding undone; empty for a multipart. */
  content: Buffer
  encoding: string
  children: MimePart[]
}

const HEADER_MAX_BYTES = 1024 * 1024
const HEADERS_MAX = 1_000

/**
 * Splits a raw message into its parts. Total: whatever is cut, malformed or nested beyond belief ends as text or as a
 * leaf, and nothing throws. The same bytes always give the same ids.
 */
export function parseMime(raw: Buffer): MimePart {
  const left = { parts: MIME_LIMITS.parts }
  return parsePart(raw, '', 0, 'text/plain', left)
}

function parsePart(
  raw: Buffer,
  id: string,
  depth: number,
  usualType: string,
  left: { parts: number },
): MimePart {
  const { headers, body } = splitHead(raw)
  const contentType = headerValue(headers, 'content-type')
  const declared = /^\s*([\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,60})/.exec(contentType)?.[1]?.toLowerCase()
  const type = declared ?? (/^\s*text\s*(;|$)/i.test(contentType) ? 'text/plain' : usualType)
  const part: MimePart = { id, type, headers, filename: '', content: body, encoding: '', children: [] }
  if (type.startsWith('multipart/') && depth < MIME_LIMITS.depth) {
    const boundary = parameter(contentType, 'boundary') ?? ''
    const pieces = boundary ? splitBody(body, boundary, left.parts) : []
    if (pieces.length > 0) {
      left.parts -= pieces.length
      const childType = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain'
      part.children = pieces.map((piece, at) =>
        parsePart(piece, id ? `${id}.${at + 1}` : `${at + 1}`, depth + 1, childType, left),
      )
      part.content = Buffer.alloc(0)
      return part
    }
  }
  // What claims to have parts and has none is shown as the text that it is.
  if (type.startsWith('multipart/')) part.type = 'text/plain'
  part.id = id || '1'
  part.encoding = headerValue(headers, 'content-transfer-encoding').trim().toLowerCase()
  const name =
    parameter(headerValue(headers, 'content-disposition'), 'filename') ?? parameter(contentType, 'name')
  part.filename = decodeHeader(name ?? '', MIME_LIMITS.filename)
  return part
}

/** The bytes that were attached or written, with the transfer encoding undone as far as it is intact. */
export function decodeContent({ content, encoding }: Pick<MimePart, 'content' | 'encoding'>): Buffer {
  if (encoding === 'base64') return Buffer.from(content.toString('latin1'), 'base64')
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(content)
  return content
}

export function* walkMime(part: MimePart): Generator<MimePart> {
  yield part
  for (const child of part.children) yield* walkMime(child)
}

export function headerValue(headers: MimePart['headers'], name: string): string {
  return headers.find(each => each.name === name)?.value ?? ''
}

/** Header and body, parted by the first empty line; lines may end in CRLF, LF or both mixed. */
function splitHead(raw: Buffer): { headers: MimePart['headers']; body: Buffer } {
  let at = 0
  const lines: Buffer[] = []
  while (at < raw.length && at < HEADER_MAX_BYTES) {
    const found = raw.indexOf(10, at)
    const end = found < 0 ? raw.length : found
    const line = raw.subarray(at, end > at && raw[end - 1] === 13 ? end - 1 : end)
    at = end + 1
    if (line.length === 0) break
    lines.push(line)
  }
  return { headers: readHeaders(lines), body: raw.subarray(Math.min(at, raw.length)) }
}

function readHeaders(lines: Buffer[]): MimePart['headers'] {
  const headers: { name: string; value: string[] }[] = []
  for (const line of lines) {
    const text = decodeText(line, null).text
    const last = headers.at(-1)
    if (last && (line[0] === 32 || line[0] === 9)) last.value.push(text)
    else {
      const colon = text.indexOf(':')
      if (colon <= 0 || headers.length >= HEADERS_MAX) continue
      headers.push({ name: text.slice(0, colon).trim().toLowerCase(), value: [text.slice(colon + 1)] })
    }
  }
  return headers.map(({ name, value }) => ({ name, value: clean(value.join(' ').trim(), HEADER_MAX_BYTES) }))
}

/** What stands between the delimiter lines. A missing last delimiter ends with the message. */
function splitBody(body: Buffer, boundary: string, most: number): Buffer[] {
  const mark = Buffer.from(`--${boundary}`, 'latin1')
  const pieces: Buffer[] = []
  let start = -1
  const keep = (end: number) => {
    if (start >= 0 && pieces.length < most) pieces.push(body.subarray(start, Math.max(start, end)))
  }
  for (let at = body.indexOf(mark); at >= 0 && pieces.length < most; ) {
    const delimiter = readDelimiter(body, at, mark.length)
    if (!delimiter) {
      at = body.indexOf(mark, at + 1)
      continue
    }
    // The line break before a delimiter belongs to it (RFC 2046 §5.1.1).
    keep(body[at - 2] === 13 ? at - 2 : at - 1)
    start = delimiter.last ? -1 : delimiter.next
    if (delimiter.last) return pieces
    at = body.indexOf(mark, delimiter.next)
  }
  keep(body.length)
  return pieces
}

function readDelimiter(body: Buffer, at: number, length: number): { last: boolean; next: number } | null {
  if (at > 0 && body[at - 1] !== 10) return null
  let end = at + length
  const last = body[end] === 45 && body[end + 1] === 45
  if (last) end += 2
  while (body[end] === 32 || body[end] === 9 || body[end] === 13) end += 1
  if (end < body.length && body[end] !== 10) return null
  return { last, next: Math.min(end + 1, body.length) }
}

/** A parameter, also where RFC 2231 spreads it over `name*0`, `name*1` … */
function parameter(value: string, name: string): string | null {
  if (!value.includes(';')) return null
  const whole = headerParameter(value, name)
  if (whole !== null) return whole
  const bounded = value.slice(0, 10_000)
  const pieces: { at: number; text: string; encoded: boolean }[] = []
  for (const found of bounded.matchAll(
    new RegExp(`;\\s*${name}\\*(\\d{1,3})(\\*?)\\s*=\\s*(?:"([^"]*)"|([^;\\s]*))`, 'gi'),
  ))
    pieces.push({ at: Number(found[1]), text: found[3] ?? found[4] ?? '', encoded: found[2] === '*' })
  if (pieces.length === 0) return null
  const sorted = pieces.sort((a, b) => a.at - b.at)
  const charset = sorted[0]?.encoded ? /^([^']*)'[^']*'/.exec(sorted[0].text) : null
  const joined = sorted
    .map(({ text, encoded }, at) => {
      const own = at === 0 && charset ? text.slice(charset[0].length) : text
      return encoded
        ? own.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        : own
    })
    .join('')
  return charset ? decodeText(Buffer.from(joined, 'latin1'), charset[1] || null).text : oneLine(joined, 1_000)
}

function decodeQuotedPrintable(content: Buffer): Buffer {
  const out = Buffer.allocUnsafe(content.length)
  let to = 0
  for (let at = 0; at < content.length; at += 1) {
    const byte = content[at] ?? 0
    if (byte !== 61) {
      out[to++] = byte
      continue
    }
    const value = hexAt(content, at + 1)
    if (value !== null) {
      out[to++] = value
      at += 2
      continue
    }
    // A soft line break, perhaps with blanks that a gateway left behind; anything else stays as it was sent.
    let end = at + 1
    while (content[end] === 32 || content[end] === 9) end += 1
    if (content[end] === 13) end += 1
    if (content[end] === 10 || end >= content.length) at = end
    else out[to++] = byte
  }
  return out.subarray(0, to)
}

function hexAt(content: Buffer, at: number): number | null {
  const [high, low] = [digit(content[at] ?? 0), digit(content[at + 1] ?? 0)]
  return high < 0 || low < 0 ? null : high * 16 + low
}

/** What a hexadecimal digit is worth; -1 for anything else. */
function digit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const small = byte | 32
  return small >= 97 && small <= 102 ? small - 87 : -1
}
