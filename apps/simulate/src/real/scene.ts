import type { Gmail, Google } from './google.ts'
import type { Life } from './life.ts'
import type { Act } from './plan.ts'
import type { Stack } from './stack.ts'

/** Where an act takes place. */
export type Scene = { life: Life; stack: Stack; google: Google }

export type OnMailbox<T extends Act['type']> = Extract<Act, { type: T; mailbox: number }>

/** The one that a share in [0, 1) means, of those there are. */
export const pick = <T>(items: readonly T[], share: number): T | undefined =>
  items[Math.floor(share * items.length)]

export function mailboxOf(life: Life, { mailbox }: { mailbox: number }): Gmail {
  const gmail = life.mailboxes[mailbox]
  if (!gmail) throw new Error(`There is no mailbox ${mailbox}.`)
  return gmail
}
