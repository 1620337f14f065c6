import { generateMessage } from '@inlet/sandbox/generate/generate'
import type { Mail } from './real-mail.ts'

const FIRST = Date.UTC(2026, 9, 1)
const APART_MS = 20_000

/** Messages such as the sandbox's generator makes, the same each time, oldest first. */
export function* generatedMail(first: number, count: number, email: string): Generator<Mail> {
  for (let index = first; index < first + count; index++) {
    const date = new Date(FIRST + index * APART_MS)
    const { raw } = generateMessage({ seed: 1, index, to: { email, name: 'Bench' }, now: date.getTime() })
    yield { raw, date }
  }
}
