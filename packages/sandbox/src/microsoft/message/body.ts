import type { ItemBody } from '@microsoft/microsoft-graph-types'
import { type MimePart, type ParsedMessage, partText, walkParts } from '../../mime/parse.ts'
import { readableText } from '../../mime/snippet.ts'
import type { Preferences } from '../odata/prefer.ts'

/** The text or HTML part that is the message, if there is one. */
export function bodyPart(message: ParsedMessage, type: 'text/html' | 'text/plain'): MimePart | undefined {
  return walkParts(message.root).find(
    part =>
      part.mimeType === type &&
      part.parts.length === 0 &&
      part.filename === '' &&
      part.disposition !== 'attachment',
  )
}

/**
 * The body in the type asked for: HTML unless text is preferred, also for messages that came as
 * plain text. Scripts are taken out unless the request allows unsafe HTML.
 */
export function bodyOf(message: ParsedMessage, prefer: Preferences): ItemBody {
  if (prefer.bodyType === 'text') return { contentType: 'text', content: readableText(message) }
  const html = bodyPart(message, 'text/html')
  const content = html ? partText(message, html) : htmlOf(readableText(message))
  return { contentType: 'html', content: prefer.unsafeHtml ? content : withoutScripts(content) }
}

/** What the message adds to the conversation: the text above the quoted one. */
export function uniqueBodyOf(message: ParsedMessage, prefer: Preferences): ItemBody {
  const lines = readableText(message).split(/\r?\n/)
  const quoted = lines.findIndex(line =>
    /^(>|-{3,} ?original message|on .{3,120} wrote:\s*$)/i.test(line.trim()),
  )
  const own = (quoted === -1 ? lines : lines.slice(0, quoted)).join('\r\n').trimEnd()
  return prefer.bodyType === 'text'
    ? { contentType: 'text', content: own }
    : { contentType: 'html', content: htmlOf(own) }
}

function htmlOf(text: string): string {
  const escaped = text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`).replace(/\r?\n/g, '<br>\r\n')
  return `<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body><div class="PlainText">${escaped}</div></body></html>`
}

function withoutScripts(html: string): string {
  return html.replace(/<script\b[\s\S]*?(<\/script\s*>|$)/gi, '')
}
