import { SENT_HERE } from '../mailbox.ts'
import type { ImapMailbox } from './imap-mailbox.ts'

export const SHIFTS = [
  'copy',
  'moveOne',
  'expungeOne',
  'flagOne',
  'again',
  'undo',
  'moveAll',
  'makeAnew',
  'renameAnew',
  'moveIntoNew',
] as const
/** What only a mailbox with places can have happen to it. */
export type Shift = (typeof SHIFTS)[number]

const at = <T>(items: readonly T[], share: number): T | undefined => items[Math.floor(share * items.length)]

/** Makes it happen; what it answers means nothing. `r`, `s` in [0, 1) choose the message, its place and the other folder. */
export function shift(mailbox: ImapMailbox, what: Shift, r: number, s: number): unknown {
  if (what === 'makeAnew' || what === 'renameAnew') return another(mailbox, what, r, s)
  const { store } = mailbox
  const id = at(mailbox.ids(), r)
  const spot = id === undefined ? undefined : at(mailbox.spots(id), s)
  if (id === undefined || !spot) return null
  const { folder, entry } = spot
  const others = [...store.folders.values()].filter(each => each !== folder)
  const other = at(others, s) ?? folder
  switch (what) {
    case 'copy':
      return store.copy(folder, [entry.uid], other)
    case 'moveOne':
      return mailbox.move(spot, other)
    case 'expungeOne':
      return store.expunge(folder, [entry.uid])
    case 'flagOne': {
      const flag = s < 0.4 ? '\\Seen' : s < 0.8 ? '\\Flagged' : '\\Draft'
      const has = entry.flags.has(flag)
      return store.flag(folder, [entry.uid], has ? [] : [flag], has ? [flag] : [])
    }
    case 'again': {
      const sent = mailbox.messages.get(id)?.subject.startsWith(SENT_HERE)
      const letter = sent ? null : mailbox.post.again(id)
      if (letter)
        store.append(at([...store.folders.values()], s) ?? folder, letter, s < 0.5 ? [] : ['\\Seen'])
      return letter
    }
    case 'undo': {
      // A program takes back what it has removed, just when the server has answered that it is gone.
      mailbox.remove(id)
      const { letter, flags } = entry
      return mailbox.returning.set(id, () => store.append(mailbox.role('INBOX'), letter, flags))
    }
    case 'moveAll':
      return store.move(folder, [...folder.entries.keys()].slice(0, 1 + Math.floor(r * 40)), other)
    case 'moveIntoNew':
      return store.move(folder, [entry.uid], store.make(mailbox.free(`New ${Math.floor(r * 1_000)}`)))
  }
}

/** A folder is removed or renamed, and another made under its name, which has some of its mail. */
function another(mailbox: ImapMailbox, what: 'makeAnew' | 'renameAnew', r: number, s: number): void {
  const { store } = mailbox
  const folder = at([...store.folders.values()].filter(mailbox.isOwn), s)
  if (!folder) return
  const { path } = folder
  const kept = [...folder.entries.values()].slice(0, 2)
  if (what === 'makeAnew') store.remove(folder)
  else store.rename(folder, mailbox.free(`Old ${Math.floor(r * 10)}`))
  const made = store.make(path)
  if (what === 'makeAnew') for (const { letter, flags } of kept) store.append(made, letter, flags)
  else if (r < 0.5)
    store.move(
      folder,
      kept.map(({ uid }) => uid),
      made,
    )
}
