import type { ImapMailbox } from '../mailbox/imap-mailbox.ts'
import type { StoredFolder } from '../mailbox/types.ts'
import type { Session } from '../session.ts'
import type { Args } from '../wire/args.ts'
import { bad } from '../wire/refusal.ts'
import type { Token } from '../wire/tokens.ts'
import { encodeName } from '../wire/utf7.ts'

const ITEMS: Readonly<Record<string, (mailbox: ImapMailbox, folder: StoredFolder) => number>> = {
  MESSAGES: (mailbox, { id }) => mailbox.places(id).size,
  RECENT: () => 0,
  UIDNEXT: (_, { uidNext }) => uidNext,
  UIDVALIDITY: (_, { uidValidity }) => uidValidity,
  UNSEEN: unseenIn,
  HIGHESTMODSEQ: (_, { highestModseq }) => highestModseq,
}

export function unseenIn(mailbox: ImapMailbox, { id }: StoredFolder): number {
  return [...mailbox.places(id).values()].filter(({ flags }) => !flags.includes('\\Seen')).length
}

/** The items of STATUS, checked. Asking for HIGHESTMODSEQ enables CONDSTORE. */
export function statusItems(session: Session, list: Args): string[] {
  const items: string[] = []
  while (list.more) {
    const item = list.word()
    if (!Object.hasOwn(ITEMS, item)) bad(`STATUS has no ${item.slice(0, 40)}`)
    if (item === 'HIGHESTMODSEQ') session.enableCondstore()
    items.push(item)
  }
  return items.length > 0 ? items : bad('STATUS of what?')
}

export function statusLine(mailbox: ImapMailbox, folder: StoredFolder, items: readonly string[]): Token[] {
  const values = items.flatMap(item => [item, String(ITEMS[item]?.(mailbox, folder) ?? 0)])
  return ['*', 'STATUS', nameOf(folder.path), values]
}

/** A path as it stands in answers. */
export function nameOf(path: string): Token {
  return path === 'INBOX' ? path : Buffer.from(encodeName(path))
}
