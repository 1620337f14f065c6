import type { StoredFolder } from './types.ts'

const ROOT = 'msgfolderroot'

/** Folders that every mailbox has. Graph takes these names wherever an id may stand, in any case. */
const WELL_KNOWN: readonly (readonly [key: string, name: string, hidden?: true])[] = [
  [ROOT, 'Top of Information Store'],
  ['inbox', 'Inbox'],
  ['drafts', 'Drafts'],
  ['sentitems', 'Sent Items'],
  ['deleteditems', 'Deleted Items'],
  ['junkemail', 'Junk Email'],
  ['archive', 'Archive'],
  ['outbox', 'Outbox'],
  ['conversationhistory', 'Conversation History'],
  ['recoverableitemsdeletions', 'Deletions', true],
]

export function wellKnownFolders(): StoredFolder[] {
  return WELL_KNOWN.map(([key, name, hidden = false], i) => ({
    key,
    number: 0x0108 + i,
    name,
    // What only administrators see lies beside the visible tree, not in it.
    parent: key === ROOT || hidden ? null : ROOT,
    hidden,
  }))
}

export function isWellKnown(key: string): boolean {
  return WELL_KNOWN.some(([known]) => known === key)
}

/** Folders made later get numbers above these. */
export const FIRST_FOLDER_NUMBER = 0x0200
