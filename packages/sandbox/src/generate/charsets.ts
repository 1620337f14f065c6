const tables = new Map<string, Map<string, number>>()

/** Encodes into any single-byte charset Node can decode, by turning its decoder round. Unknown characters become `?`. */
export function encodeText(text: string, charset: string): Buffer {
  if (charset === 'utf-8' || charset === 'us-ascii') return Buffer.from(text)
  const table = tableOf(charset)
  return Buffer.from([...text].map(char => table.get(char) ?? 0x3f))
}

function tableOf(charset: string): Map<string, number> {
  let table = tables.get(charset)
  if (!table) {
    const decoder = new TextDecoder(charset)
    table = new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]))
    tables.set(charset, table)
  }
  return table
}

/** RFC 2047: text that is not ASCII becomes encoded words in its charset, short enough for a header line. */
export function headerText(text: string, charset = 'utf-8'): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  const words: string[] = []
  let piece = ''
  for (const char of text) {
    if (encodeText(piece + char, charset).length > 39) {
      words.push(piece)
      piece = ''
    }
    piece += char
  }
  words.push(piece)
  return words
    .map(word => `=?${charset.toUpperCase()}?B?${encodeText(word, charset).toString('base64')}?=`)
    .join('\r\n ')
}
