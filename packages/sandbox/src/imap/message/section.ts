import type { MimePart, ParsedMessage } from '../../mime/parse.ts'

/** What stands between the brackets of BODY[…] (RFC 3501 §6.4.5). */
export interface Section {
  /** Part numbers from 1; empty for the message. */
  path: readonly number[]
  what: '' | 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME'
  /** In lower case, for the FIELDS forms. */
  fields: readonly string[]
}

/** The bytes of a section; null when the message has no such part. */
export function sectionBytes(message: ParsedMessage, section: Section): Buffer | null {
  const { path, what } = section
  const part = partAt(message.root, path)
  if (!part) return null
  const between = (from: number, to: number): Buffer => message.raw.subarray(from, to)
  if (what === 'MIME') return between(part.head, part.start)
  // The message's own sections, or those of a message that is a part.
  const inner = path.length === 0 ? part : part.parts[0]
  if (what === '') return path.length === 0 ? message.raw : between(part.start, part.end)
  if (!inner || (path.length > 0 && part.mimeType !== 'message/rfc822')) return null
  if (what === 'TEXT') return between(inner.start, inner.end)
  const header = between(inner.head, inner.start)
  if (what === 'HEADER') return header
  return someFields(header, section.fields, what === 'HEADER.FIELDS')
}

/** Part `1` of a message without parts is its body; a message that is a part is looked through. */
function partAt(root: MimePart, path: readonly number[]): MimePart | undefined {
  let part = root
  for (const [depth, number] of path.entries()) {
    const holder = depth > 0 && part.mimeType === 'message/rfc822' ? part.parts[0] : part
    if (!holder) return undefined
    const children = holder.mimeType.startsWith('multipart/') ? holder.parts : []
    const whole = number === 1 && (depth === 0 || holder !== part) ? holder : undefined
    const next = children.length > 0 ? children[number - 1] : whole
    if (!next) return undefined
    part = next
  }
  return part
}

/** The lines of the fields named (or of all others), with the empty line at the end. */
function someFields(header: Buffer, fields: readonly string[], wanted: boolean): Buffer {
  let taking = false
  const lines = header
    .toString('latin1')
    .split(/(?<=\n)/)
    .filter(line => {
      if (line === '\r\n' || line === '\n') return false
      if (!/^[ \t]/.test(line))
        taking = fields.includes((/^[^:\s]*/.exec(line)?.[0] ?? '').toLowerCase()) === wanted
      return taking
    })
  return Buffer.from(`${lines.join('')}\r\n`, 'latin1')
}
