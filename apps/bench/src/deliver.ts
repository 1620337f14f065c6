import { demoMailbox } from '../../../scripts/start/environment.ts'
import { control } from './product.ts'

/** A message whose subject begins with the mark. */
export const markedMessage = (mark: string, to: string): string =>
  [
    `From: Bench ${mark} <bench@example.com>`,
    `To: ${to}`,
    `Subject: ${mark}- a message of the bench`,
    `Date: ${new Date().toUTCString()}`,
    `Message-ID: <${mark}@bench.example.com>`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    `Text of ${mark}.`,
    '',
  ].join('\r\n')

/** Drops a message whose subject begins with the mark into the demo mailbox, at the provider. */
export async function deliverMark(sandboxUrl: string, mark: string): Promise<void> {
  const raw = markedMessage(mark, demoMailbox)
  await control(sandboxUrl, 'deliver', { account: demoMailbox, raw: Buffer.from(raw).toString('base64') })
}

/** Runs `step` for 0, 1, 2 … at a steady rate, whatever each takes; resolves when all have ended. */
export async function steadily(
  count: number,
  perSecond: number,
  signal: AbortSignal,
  step: (n: number) => Promise<void>,
): Promise<void> {
  const began = performance.now()
  const steps: Promise<void>[] = []
  for (let n = 0; n < count; n++) {
    signal.throwIfAborted()
    const wait = began + (n * 1000) / perSecond - performance.now()
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
    steps.push(step(n))
  }
  await Promise.all(steps)
}
