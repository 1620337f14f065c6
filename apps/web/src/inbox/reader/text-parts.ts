export interface TextPart {
  kind: 'text' | 'quote' | 'signature'
  text: string
  /** Shown as "···" until asked for. */
  folded: boolean
}

const quoted = /^\s{0,2}>/
const attribution =
  /^(on|am|le|el|il|op|em)\b.{5,200}(wrote|schrieb|écrit|escribió|scritto|schreef|escreveu)\s*:\s*$/i
const LONG_QUOTE = 14

/**
 * Splits a plain text mail. Quotes at the end, and long ones anywhere, are folded; short ones in between stay,
 * because the answers under them need them. The signature starts at "-- " (RFC 3676, 4.3).
 */
export function textParts(text: string): TextPart[] {
  const lines = text.replace(/\r\n?/g, '\n').trimEnd().split('\n')
  const signatureAt = lines.findIndex(
    (line, index) => line === '-- ' || (line === '--' && index > lines.length - 12),
  )
  const bodyLines = signatureAt < 0 ? lines : lines.slice(0, signatureAt)
  const runs: { quote: boolean; lines: string[] }[] = []
  for (const line of bodyLines) {
    const last = runs.at(-1)
    const quote = quoted.test(line)
    // A blank line between two quoted ones belongs to the quote; which it is shows with the next line.
    if (last && last.quote === quote) last.lines.push(line)
    else runs.push({ quote, lines: [line] })
  }
  const parts = mergeRuns(runs).map(({ quote, lines: own }): TextPart => {
    return { kind: quote ? 'quote' : 'text', text: own.join('\n'), folded: quote && own.length > LONG_QUOTE }
  })
  foldTrailing(parts)
  if (signatureAt >= 0) {
    parts.push({ kind: 'signature', text: lines.slice(signatureAt).join('\n'), folded: false })
  }
  return parts.filter(part => part.text.trim() !== '')
}

function mergeRuns(runs: { quote: boolean; lines: string[] }[]) {
  const merged: typeof runs = []
  for (const run of runs) {
    const last = merged.at(-1)
    const before = merged.at(-2)
    const blank = last !== undefined && !last.quote && last.lines.every(line => !line.trim())
    if (run.quote && blank && before?.quote) {
      merged.pop()
      before.lines.push(...last.lines, ...run.lines)
    } else merged.push({ quote: run.quote, lines: [...run.lines] })
  }
  return merged
}

function foldTrailing(parts: TextPart[]) {
  let index = parts.length - 1
  while (index > 0 && parts[index]?.text.trim() === '') index--
  const last = parts[index]
  const before = parts[index - 1]
  // A mail of nothing but a quote stays open.
  if (last?.kind !== 'quote' || !before?.text.trim()) return
  last.folded = true
  const lines = before.text.trimEnd().split('\n')
  const line = lines.at(-1) ?? ''
  if (!attribution.test(line.trim())) return
  before.text = lines.slice(0, -1).join('\n')
  last.text = `${line}\n${last.text}`
}
