import { decodeBytes, type Header, headerValue, parseParameters, splitHeaders } from './headers.ts'

/** Bounds on hostile input: deeper or wider trees are cut off and kept as plain bytes. */
const MAX_DEPTH = 20
const MAX_PARTS = 1000

export interface MimePart {
  /** '' for the whole message, then '0', '1', '1.0' … as Gmail numbers them. */
  partId: string
  mimeType: string
  params: Record<string, string>
  filename: string
  /** Undecoded values; see `decodeHeader`. */
  headers: Header[]
  encoding: string
  disposition: string
  /** Where its headers begin inside the raw message. */
  head: number
  /** Range of the still encoded body inside the raw message. */
  start: number
  end: number
  parts: MimePart[]
}

export interface ParsedMessage {
  raw: Buffer
  root: MimePart
}

/** Builds the tree of parts with ranges only; bodies are decoded one by one by `partBytes`. Never throws. */
export function parseMime(raw: Buffer): ParsedMessage {
  const text = raw.toString('latin1')
  const budget = { parts: MAX_PARTS }
  return { raw, root: parsePart(text, 0, text.length, '', 'text/plain', 0, budget) }
}

function parsePart(
  text: string,
  start: number,
  end: number,
  partId: string,
  defaultType: string,
  depth: number,
  budget: { parts: number },
): MimePart {
  budget.parts--
  const { headers, body } = splitHeaders(text, start, end)
  const type = parseParameters(headerValue(headers, 'content-type') ?? defaultType)
  const disposition = parseParameters(headerValue(headers, 'content-disposition') ?? '')
  const mimeType = /^[\w.+-]+\/[\w.+-]+$/.test(type.value) ? type.value.toLowerCase() : 'text/plain'
  const part: MimePart = {
    partId,
    mimeType,
    params: type.params,
    filename: disposition.params.filename ?? type.params.name ?? '',
    headers,
    encoding: (headerValue(headers, 'content-transfer-encoding') ?? '7bit').trim().toLowerCase(),
    disposition: disposition.value.toLowerCase(),
    head: start,
    start: body,
    end,
    parts: [],
  }
  if (depth >= MAX_DEPTH) return part
  const child = (n: number): string => (partId === '' ? `${n}` : `${partId}.${n}`)
  const boundary = type.params.boundary
  if (mimeType.startsWith('multipart/') && boundary) {
    const inner = mimeType === 'multipart/digest' ? 'message/rfc822' : 'text/plain'
    for (const [from, to] of boundaryRanges(text, body, end, boundary)) {
      if (budget.parts <= 0) break
      part.parts.push(parsePart(text, from, to, child(part.parts.length), inner, depth + 1, budget))
    }
  } else if (mimeType === 'message/rfc822' && !/base64|quoted/.test(part.encoding) && budget.parts > 0) {
    part.parts.push(parsePart(text, body, end, child(0), 'text/plain', depth + 1, budget))
  }
  return part
}

/** RFC 2046 §5.1.1: the line break before a delimiter belongs to the delimiter. A missing close is tolerated. */
function boundaryRanges(text: string, start: number, end: number, boundary: string): [number, number][] {
  const ranges: [number, number][] = []
  const marker = `--${boundary}`
  let open = -1
  for (
    let at = text.indexOf(marker, start);
    at !== -1 && at < end;
    at = text.indexOf(marker, at + marker.length)
  ) {
    if (at !== start && text[at - 1] !== '\n') continue
    const after = at + marker.length
    const closing = text.startsWith('--', after)
    let eol = text.indexOf('\n', after)
    if (eol === -1 || eol > end) eol = end
    if (!closing && text.slice(after, eol).trim() !== '') continue
    if (open !== -1) ranges.push([open, trimBreak(text, open, at)])
    open = closing ? -1 : Math.min(eol + 1, end)
    if (closing) return ranges
  }
  if (open !== -1 && open <= end) ranges.push([open, end])
  return ranges
}

function trimBreak(text: string, from: number, at: number): number {
  let to = at
  if (to > from && text[to - 1] === '\n') to--
  if (to > from && text[to - 1] === '\r') to--
  return to
}

/** The part's bytes with the transfer encoding removed. */
export function partBytes(message: ParsedMessage, part: MimePart): Buffer {
  const encoded = message.raw.subarray(part.start, part.end)
  if (part.encoding === 'base64') {
    // What follows the padding is no base64: mailing lists append plain footers to such bodies.
    const [data = ''] = encoded.toString('latin1').split('=', 1)
    return Buffer.from(data.replace(/[^A-Za-z0-9+/]/g, ''), 'base64')
  }
  if (part.encoding === 'quoted-printable') return decodeQuotedPrintable(encoded)
  return encoded
}

/** Text of a text part, whatever its charset. */
export function partText(message: ParsedMessage, part: MimePart): string {
  return decodeBytes(partBytes(message, part), part.params.charset)
}

function decodeQuotedPrintable(bytes: Buffer): Buffer {
  const out = Buffer.alloc(bytes.length)
  let n = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte !== 0x3d) {
      out[n++] = byte
      continue
    }
    const soft = softBreakLength(bytes, i + 1)
    if (soft > 0) {
      i += soft
      continue
    }
    const code = Number.parseInt(bytes.toString('latin1', i + 1, i + 3), 16)
    if (
      i + 2 < bytes.length &&
      Number.isInteger(code) &&
      /^[0-9a-f]{2}$/i.test(bytes.toString('latin1', i + 1, i + 3))
    ) {
      out[n++] = code
      i += 2
    } else {
      out[n++] = byte
    }
  }
  return out.subarray(0, n)
}

function softBreakLength(bytes: Buffer, from: number): number {
  let i = from
  while (bytes[i] === 0x20 || bytes[i] === 0x09) i++
  if (bytes[i] === 0x0d) i++
  return bytes[i] === 0x0a ? i - from + 1 : 0
}

export function walkParts(part: MimePart): MimePart[] {
  return [part, ...part.parts.flatMap(walkParts)]
}
