import { decodeWords } from 'postal-mime'

export interface Header {
  name: string
  value: string
}

/** Splits `raw` into header lines (unfolded, still undecoded) and the index where the body starts. */
export function splitHeaders(raw: string, start: number, end: number): { headers: Header[]; body: number } {
  const headers: Header[] = []
  let at = start
  while (at < end) {
    let eol = raw.indexOf('\n', at)
    if (eol === -1 || eol >= end) eol = end
    const line = raw.slice(at, eol > at && raw.charCodeAt(eol - 1) === 13 ? eol - 1 : eol)
    at = Math.min(eol + 1, end)
    if (line === '') return { headers, body: at }
    const last = headers[headers.length - 1]
    if ((line[0] === ' ' || line[0] === '\t') && last) {
      last.value += ` ${line.trim()}`
      continue
    }
    const colon = line.indexOf(':')
    // A line that is neither a header nor a continuation: real mail has them, and readers skip them.
    if (colon <= 0 || /[\s]/.test(line.slice(0, colon))) continue
    headers.push({ name: line.slice(0, colon), value: line.slice(colon + 1).trim() })
  }
  return { headers, body: end }
}

export function headerValue(headers: readonly Header[], name: string): string | undefined {
  const wanted = name.toLowerCase()
  return headers.find(h => h.name.toLowerCase() === wanted)?.value
}

/** Latin-1 text of raw bytes to readable text: UTF-8 if it is valid, else Windows-1252; then RFC 2047 words. */
export function decodeHeader(value: string): string {
  const text = hasHighBytes(value) ? decodeBytes(Buffer.from(value, 'latin1')) : value
  if (!text.includes('=?')) return text
  try {
    return decodeWords(text)
  } catch {
    return text
  }
}

function hasHighBytes(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return true
  return false
}

/** Bytes of an unknown or declared charset to text; never throws. */
export function decodeBytes(bytes: Buffer, charset?: string): string {
  for (const label of [charset, 'utf-8']) {
    if (!label) continue
    try {
      return new TextDecoder(label, { fatal: label === 'utf-8' && label !== charset }).decode(bytes)
    } catch {
      // An unknown label or bytes that are not UTF-8: try the next.
    }
  }
  return new TextDecoder('windows-1252').decode(bytes)
}

/** `text/html; charset="x"` to its parts; parameter names in lower case, RFC 2231 `name*=` accepted. */
export function parseParameters(value: string): { value: string; params: Record<string, string> } {
  const params: Record<string, string> = {}
  const first = value.indexOf(';')
  const head = (first === -1 ? value : value.slice(0, first)).trim()
  if (first !== -1) {
    const pattern = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g
    for (const match of value.slice(first).matchAll(pattern)) {
      const name = (match[1] ?? '').toLowerCase()
      const text = match[2]?.replace(/\\(.)/g, '$1') ?? (match[3] ?? '').trim()
      addParameter(params, name, text)
    }
  }
  return { value: head, params }
}

function addParameter(params: Record<string, string>, name: string, text: string): void {
  const star = name.indexOf('*')
  if (star === -1) {
    params[name] ??= decodeHeader(text)
    return
  }
  const base = name.slice(0, star)
  const extended = /^([^']*)'[^']*'(.*)$/.exec(text)
  const encoded = name.endsWith('*') ? (extended?.[2] ?? text) : text
  let bytes: Buffer
  try {
    bytes = Buffer.from(
      encoded.replace(/%([0-9a-f]{2})/gi, (_, h: string) => String.fromCharCode(Number.parseInt(h, 16))),
      'latin1',
    )
  } catch {
    bytes = Buffer.from(encoded)
  }
  params[base] = (params[base] ?? '') + decodeBytes(bytes, extended?.[1] || undefined)
}

/** A header block as it is, but for the headers named (in lower case) and their continuation lines. */
export function withoutHeaders(head: string, names: readonly string[]): string {
  let dropping = false
  return head
    .split(/(?<=\n)/)
    .filter(line => {
      if (!/^[ \t]/.test(line)) dropping = names.includes((line.split(':')[0] ?? '').toLowerCase())
      return !dropping
    })
    .join('')
}
