import type { History } from '../../mailbox/history.ts'
import type { ChangeRecord, Edit, ItemRecord, StoredItem } from './types.ts'

/** An edit in the numbered log: a move is a removal from one folder and an arrival in another. */
export function recordsOf(
  edit: { before: StoredItem | undefined; after: StoredItem | undefined },
  log: History<ChangeRecord>,
  missReturn: boolean,
): { records: ItemRecord[]; last: number } {
  const { before, after } = edit
  const records: ItemRecord[] = []
  const add = (item: StoredItem, change: ItemRecord['change']): void => {
    records.push({ id: log.next(), item: item.id, folder: item.folder, change, moves: item.moves })
  }
  const moved = before !== undefined && after !== undefined && before.folder !== after.folder
  if (before && (moved || !after)) add(before, 'removed')
  if (after && !before) add(after, 'created')
  if (after && moved && !(missReturn && wasThere(log, after))) add(after, 'created')
  if (before && after && !moved) add(after, changeOf(before, after))
  return { records, last: records.at(-1)?.id ?? log.current }
}

function wasThere(log: History<ChangeRecord>, item: StoredItem): boolean {
  const records = log.since(log.floor) ?? []
  return records.some(record => 'item' in record && record.item === item.id && record.folder === item.folder)
}

function changeOf(before: StoredItem, after: Edit['after'] & object): 'read' | 'updated' {
  const onlyRead = (Object.keys(after) as (keyof StoredItem)[]).every(
    name => name === 'read' || before[name] === after[name],
  )
  return onlyRead && before.read !== after.read ? 'read' : 'updated'
}
