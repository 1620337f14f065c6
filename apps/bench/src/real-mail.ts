import { corpusFiles, readCorpusFile } from '@inlet/sandbox/corpus/files'

/** A message as it is sent, with the moment of its arrival. */
export type Mail = { raw: Buffer; date: Date }

const NEWEST = Date.UTC(2026, 10, 1)
const APART_MS = 60_000

/** So many messages of the corpus, oldest first, a minute apart. After its last one it begins again, with other Message-IDs. */
export function* realMail(count: number): Generator<Mail> {
  const { length } = corpusFiles()
  for (let n = 0; n < count; n++) {
    const round = Math.floor(n / length)
    const text = readCorpusFile(n % length)
      .toString('latin1')
      .replace(/\r?\n/g, '\r\n')
    yield {
      raw: Buffer.from(renamed(text, round), 'latin1'),
      date: new Date(NEWEST - (count - n) * APART_MS),
    }
  }
}

/** A copy is another message, in a conversation of its own: its ids and those that it names are others. */
function renamed(text: string, round: number): string {
  if (round === 0) return text
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const others = head.replace(
    /^(?:message-id|in-reply-to|references):[^\r]*(?:\r\n[ \t][^\r]*)*/gim,
    header => header.replaceAll('<', `<again${round}.`),
  )
  return `X-Again: ${round}\r\n${others}${text.slice(head.length)}`
}

/** Messages with an attachment of so many bytes as they are sent (base64). */
export function* largeMail(count: number, bytes: number): Generator<Mail> {
  const line = `${'QUJD'.repeat(19)}\r\n`
  const attached = line.repeat(Math.ceil(bytes / line.length))
  for (let n = 0; n < count; n++) {
    const raw = [
      'From: Bench <bench@example.com>',
      'To: you@example.com',
      `Subject: Large ${n}`,
      `Message-ID: <large${n}@example.com>`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="next"',
      '',
      '--next',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'It is attached.',
      '--next',
      'Content-Type: application/octet-stream; name="large.bin"',
      'Content-Disposition: attachment; filename="large.bin"',
      'Content-Transfer-Encoding: base64',
      '',
      `${attached}--next--`,
      '',
    ].join('\r\n')
    yield { raw: Buffer.from(raw, 'latin1'), date: new Date(NEWEST - n * APART_MS) }
  }
}
