import PostalMime, { type Email } from 'postal-mime'
import { expect, test } from 'vitest'
import { generateMessage } from '../src/generate/generate.ts'

const TO = { email: 'anna@inlet.test', name: 'Anna Tést' }
const NOW = Date.UTC(2026, 10, 21, 12)

async function run(seed: number, count: number): Promise<Email[]> {
  const raws = Array.from(
    { length: count },
    (_, index) => generateMessage({ seed, index, to: TO, now: NOW }).raw,
  )
  return Promise.all(raws.map(raw => new PostalMime().parse(raw)))
}

test('the same seed gives the same bytes, another seed other mail', () => {
  const raw = (seed: number) => generateMessage({ seed, index: 3, to: TO, now: NOW }).raw.toString('latin1')
  expect(raw(1)).toBe(raw(1))
  expect(raw(1)).not.toBe(raw(2))
})

test('an independent parser reads every message: names, subjects and texts without replacement characters', async () => {
  for (const mail of await run(11, 200)) {
    expect(mail.from?.name).toBeTruthy()
    expect(mail.to?.[0]?.name).toBe(TO.name)
    expect(mail.subject).toBeTruthy()
    expect(`${mail.from?.name} ${mail.subject} ${mail.text ?? mail.html}`).not.toMatch(/\uFFFD/)
    expect(mail.messageId).toMatch(/^<.+@.+>$/)
  }
})

test('replies name messages of the same run that came before, under the same subject', async () => {
  const mails = await run(7, 200)
  const at = new Map(mails.map((mail, i) => [mail.messageId, i]))
  const replies = mails.map((mail, i) => ({ mail, i })).filter(({ mail }) => mail.inReplyTo)
  expect(replies.length).toBeGreaterThan(20)
  for (const { mail, i } of replies) {
    const parent = at.get(mail.inReplyTo ?? '')
    expect(parent).toBeLessThan(i)
    expect(mail.subject?.replace(/^Re: /, '')).toBe(mails[parent ?? 0]?.subject?.replace(/^Re: /, ''))
  }
})

test('a run holds receipts and invoices with data, newsletters, invitations, files and other scripts', async () => {
  const mails = await run(1, 300)
  const some = (is: (mail: Email) => boolean): boolean => mails.some(is)
  expect(some(m => m.html?.includes('"@type":"Order"') === true)).toBe(true)
  expect(some(m => m.html?.includes('"@type":"Invoice"') === true)).toBe(true)
  expect(some(m => m.headers.some(h => h.key === 'list-unsubscribe-post'))).toBe(true)
  expect(some(m => m.attachments.some(a => a.mimeType === 'application/pdf'))).toBe(true)
  expect(some(m => m.attachments.some(a => a.mimeType === 'text/calendar'))).toBe(true)
  expect(some(m => m.attachments.some(a => a.contentId !== undefined))).toBe(true)
  expect(some(m => /[а-я]/.test(m.text ?? ''))).toBe(true)
})
