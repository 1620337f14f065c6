import type { Google } from './google.ts'

let letters = 0

/** base64url, as Gmail takes it. */
export function letter(
  to: string,
  subject: string,
  from = 'Ada <ada@example.com>',
  answered?: string,
): string {
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${++letters}.${process.pid}@simulate.example>`,
    ...(answered ? [`In-Reply-To: ${answered}`, `References: ${answered}`] : []),
    '',
    `This is the text of "${subject}".`,
  ]
  return Buffer.from(lines.join('\r\n')).toString('base64url')
}

/** A letter, as made by `letter`, arrives. */
export async function receive(google: Google, account: string, letter: string): Promise<void> {
  await google.control('deliver', { account, raw: Buffer.from(letter, 'base64url').toString('base64') })
}
