import { headerValue } from '../../mime/headers.ts'
import type { MimePart, ParsedMessage } from '../../mime/parse.ts'
import { Glued, NIL, type Token } from '../wire/tokens.ts'
import { envelopeOf, nstring } from './envelope.ts'

const LF = 10

/** BODY, or BODYSTRUCTURE with `extended` (RFC 3501 §7.4.2). Parameters stay as the message has them. */
export function structureOf(message: ParsedMessage, part: MimePart, extended: boolean): Token {
  const header = (name: string): string | undefined => headerValue(part.headers, name)
  const [main = '', sub = ''] = typeOf(part).split('/')
  const parameters = parametersOf(header('content-type') ?? '')
  const tail = [dispositionOf(header('content-disposition')), NIL, nstring(header('content-location'))]
  if (main === 'multipart') {
    const children = part.parts.map(child => structureOf(message, child, extended))
    return [new Glued(children), Buffer.from(sub), ...(extended ? [parameters, ...tail] : [])]
  }
  const fields: Token[] = [
    Buffer.from(main),
    Buffer.from(sub),
    parameters === NIL && main === 'text' ? [Buffer.from('charset'), Buffer.from('us-ascii')] : parameters,
    nstring(header('content-id')),
    nstring(header('content-description')),
    Buffer.from(part.encoding || '7bit', 'latin1'),
    String(part.end - part.start),
  ]
  const inner = part.parts[0]
  if (inner) fields.push(envelopeOf(inner.headers), structureOf(message, inner, extended))
  if (inner || main === 'text') fields.push(String(linesOf(message.raw.subarray(part.start, part.end))))
  return [...fields, ...(extended ? [nstring(header('content-md5')), ...tail] : [])]
}

/** What cannot be opened is a leaf: a multipart without parts is shown as text, an encoded message as bytes. */
function typeOf(part: MimePart): string {
  if (part.parts.length > 0) return part.mimeType
  if (part.mimeType.startsWith('multipart/')) return 'text/plain'
  return part.mimeType === 'message/rfc822' ? 'application/octet-stream' : part.mimeType
}

function linesOf(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) lines++
  return lines
}

function dispositionOf(value: string | undefined): Token {
  if (value === undefined) return NIL
  const [type = ''] = value.split(';', 1)
  return type.trim() === '' ? NIL : [Buffer.from(type.trim(), 'latin1'), parametersOf(value)]
}

/** `; name=value` pairs; quotes are taken off, nothing else is decoded. */
function parametersOf(value: string): Token {
  const out: Token[] = []
  const pattern = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g
  for (const [, name = '', quoted, plain = ''] of value.matchAll(pattern)) {
    const text = quoted === undefined ? plain.trim() : quoted.replace(/\\(.)/g, '$1')
    out.push(Buffer.from(name, 'latin1'), Buffer.from(text, 'latin1'))
  }
  return out.length === 0 ? NIL : out
}
