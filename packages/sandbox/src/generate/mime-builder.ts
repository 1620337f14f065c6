import { encodeText } from './charsets.ts'

/** A part ready to be written: its headers and its encoded body. */
export interface Entity {
  headers: readonly (readonly [name: string, value: string])[]
  body: Buffer
}

type TextEncoding = '8bit' | 'quoted-printable' | 'base64'

export function textEntity(
  text: string,
  options: { type?: string; charset?: string; encoding?: TextEncoding } = {},
): Entity {
  const { type = 'text/plain', charset = 'utf-8', encoding = 'quoted-printable' } = options
  const bytes = encodeText(text.replace(/\r?\n/g, '\r\n'), charset)
  const body =
    encoding === 'base64'
      ? wrapBase64(bytes)
      : encoding === '8bit'
        ? bytes
        : Buffer.from(quotedPrintable(bytes))
  return {
    headers: [
      ['Content-Type', `${type}; charset=${charset}`],
      ['Content-Transfer-Encoding', encoding],
    ],
    body,
  }
}

export function fileEntity(name: string, type: string, bytes: Buffer, contentId?: string): Entity {
  return {
    headers: [
      ['Content-Type', `${type}; name="${name}"`],
      ['Content-Disposition', `${contentId ? 'inline' : 'attachment'}; filename="${name}"`],
      ['Content-Transfer-Encoding', 'base64'],
      ...(contentId ? [['Content-ID', `<${contentId}>`] as const] : []),
    ],
    body: wrapBase64(bytes),
  }
}

export function multipart(subtype: string, boundary: string, parts: readonly Entity[]): Entity {
  const chunks: Buffer[] = []
  for (const part of parts)
    chunks.push(Buffer.from(`--${boundary}\r\n`), writeEntity(part), Buffer.from('\r\n'))
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return {
    headers: [['Content-Type', `multipart/${subtype}; boundary="${boundary}"`]],
    body: Buffer.concat(chunks),
  }
}

export function writeEntity(entity: Entity, before: readonly (readonly [string, string])[] = []): Buffer {
  const lines = [...before, ...entity.headers].map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${lines.join('')}\r\n`), entity.body])
}

function wrapBase64(bytes: Buffer): Buffer {
  return Buffer.from(`${bytes.toString('base64').replace(/(.{76})/g, '$1\r\n')}\r\n`)
}

/** RFC 2045 §6.7: lines of at most 76 characters, no blank before a line's end. */
function quotedPrintable(bytes: Buffer): string {
  let out = ''
  let column = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === 0x0d && bytes[i + 1] === 0x0a) {
      out += '\r\n'
      column = 0
      i++
      continue
    }
    const atEnd = bytes[i + 1] === 0x0d || i === bytes.length - 1
    const plain = (byte >= 0x21 && byte <= 0x7e && byte !== 0x3d) || (byte === 0x20 && !atEnd)
    const piece = plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
    if (column + piece.length > 75) {
      out += '=\r\n'
      column = 0
    }
    out += piece
    column += piece.length
  }
  return out
}
