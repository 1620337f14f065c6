import { type MimePart, type ParsedMessage, partText, walkParts } from './parse.ts'

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** Readable text of a message: the first plain part, else the first HTML part without its tags. */
export function readableText(message: ParsedMessage): string {
  const leaves = walkParts(message.root).filter(
    part => part.parts.length === 0 && part.disposition !== 'attachment',
  )
  const plain = leaves.find(part => part.mimeType === 'text/plain')
  if (plain) {
    const text = partText(message, plain)
    if (text.trim() !== '') return text
  }
  const html: MimePart | undefined = leaves.find(part => part.mimeType === 'text/html')
  return html ? textOfHtml(partText(message, html)) : ''
}

/** At most `length` characters on one line. Not escaped: Gmail escapes it, others do not. */
export function snippetOf(message: ParsedMessage, length = 200): string {
  const text = readableText(message).slice(0, 8000).replace(/\s+/g, ' ').trim()
  return text.length <= length ? text : text.slice(0, length)
}

function textOfHtml(html: string): string {
  return html
    .slice(0, 400_000)
    .replace(/<(style|script|head|title)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(/<!--[\s\S]*?-->/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, name: string) => entity(name) ?? whole)
}

function entity(name: string): string | undefined {
  if (name[0] !== '#') return NAMED[name.toLowerCase()]
  const code =
    name[1]?.toLowerCase() === 'x' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}
