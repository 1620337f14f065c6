import type { Life } from './life.ts'
import type { Mailbox } from './mailbox.ts'
import type { Stack } from './stack.ts'

/** Where an act takes place. */
export type Scene = { life: Life; stack: Stack }

/** The one that a share in [0, 1) means, of those there are. */
export const pick = <T>(items: readonly T[], share: number): T | undefined =>
  items[Math.floor(share * items.length)]

export function mailboxOf(life: Life, { mailbox: index }: { mailbox: number }): Mailbox {
  const mailbox = life.mailboxes[index]
  if (!mailbox) throw new Error(`There is no mailbox ${index}.`)
  return mailbox
}
