import { decodeHeader, headerValue } from '../../mime/headers.ts'
import { type ParsedMessage, partText, walkParts } from '../../mime/parse.ts'

/** Longer texts are searched to here. */
const MAX_SEARCHED = 2_000_000

/** A header's decoded values, a line each; null when it is not there. */
export function headerText(message: ParsedMessage, name: string): string | null {
  const wanted = name.toLowerCase()
  const values = message.root.headers.filter(header => header.name.toLowerCase() === wanted)
  return values.length === 0 ? null : values.map(({ value }) => decodeHeader(value)).join('\n')
}

export function allHeaders(message: ParsedMessage): string {
  return message.root.headers.map(({ name, value }) => `${name}: ${decodeHeader(value)}`).join('\n')
}

/** Decoded text of every text part. */
export function bodyText(message: ParsedMessage): string {
  const texts = walkParts(message.root)
    .filter(part => part.parts.length === 0 && part.mimeType.startsWith('text/'))
    .map(part => partText(message, part))
  return texts.join('\n').slice(0, MAX_SEARCHED)
}

/** Epoch ms of the Date header, or NaN. */
export function sentAt(message: ParsedMessage): number {
  return Date.parse((headerValue(message.root.headers, 'date') ?? '').replace(/\([^)]*\)/g, ' '))
}
