export type LinkPart = { text: string; href: string | null }

const pattern = /\b(https?:\/\/[^\s<>"')\]}]+|www\.[^\s<>"')\]}]+|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)/gi

/** Finds addresses in plain text. Punctuation at the end belongs to the sentence. */
export function linkParts(text: string): LinkPart[] {
  const parts: LinkPart[] = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    const found = match[0].replace(/[.,;:!?]+$/, '')
    if (match.index > at) parts.push({ text: text.slice(at, match.index), href: null })
    const href = /^https?:/i.test(found)
      ? found
      : found.includes('@') && !/^www\./i.test(found)
        ? `mailto:${found}`
        : `http://${found}`
    parts.push({ text: found, href })
    at = match.index + found.length
  }
  if (at < text.length) parts.push({ text: text.slice(at), href: null })
  return parts
}
