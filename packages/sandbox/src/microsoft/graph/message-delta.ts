import type { Reply } from '../../http/reply.ts'
import type { Params } from '../../http/router.ts'
import { byDate, type Place } from '../../mailbox/order.ts'
import { shuffled } from '../mailbox/folder-items.ts'
import { folderId, immutableId, usualId } from '../mailbox/ids.ts'
import type { ItemRecord, StoredItem } from '../mailbox/types.ts'
import { admit, folderOf, type GraphCall, wireId } from './call.ts'
import { answerDelta, type DeltaSource } from './delta.ts'
import type { DeltaOptions } from './delta-chains.ts'
import { messageResource, readSelection, viewOf } from './message-resource.ts'

const TYPE = { '@odata.type': '#microsoft.graph.message' }

/** `GET /me/mailFolders/{id}/messages/delta`: per folder, so a move is a removal here and an arrival there. */
export function messageDelta(call: GraphCall, { folder = '' }: Params): Reply {
  admit(call, 'read')
  const { key, number } = folderOf(call, folder)
  const { account } = call.mailbox
  const show = (item: StoredItem, options: DeltaOptions): object => {
    const names = readSelection(options.select)
    return { ...TYPE, ...messageResource(viewOf(call.mailbox, item, call.prefer), names, options.expand) }
  }
  const source: DeltaSource = {
    scope: key,
    path: `/me/mailFolders('${folderId(account, number)}')/messages/delta`,
    context: `${call.base}/$metadata#Collection(message)`,
    *walk(options, after) {
      const { newestFirst, shuffled } = call.mailbox.folderItems(key)
      const order = options.newestFirst ? newestFirst : shuffled
      for (const item of call.mailbox.itemsOf(order.after(after)))
        if (isSince(item, options)) yield { place: placeOf(item, options), show: () => show(item, options) }
    },
    entry: (record, options) => {
      if (!('item' in record) || record.folder !== key) return null
      const item = call.mailbox.get(record.item)
      const here = item?.folder === key ? item : undefined
      if (record.change === 'removed') {
        const id = idThen(call, record)
        // What came back under the same id is shown by its arrival.
        return here && id === wireId(call, here) ? null : { id, show: () => removed(id) }
      }
      if (!here || !concerns(record, here, options)) return null
      return { id: wireId(call, here), show: () => show(here, options) }
    },
  }
  return answerDelta(call, source)
}

/** A move out of the folder looks like a deletion. */
function removed(id: string): object {
  return { ...TYPE, id, '@removed': { reason: 'deleted' } }
}

function idThen(call: GraphCall, { item, folder, moves }: ItemRecord): string {
  const { account, folders } = call.mailbox
  return call.prefer.immutableIds
    ? immutableId(account, item)
    : usualId(account, item, folders.number(folder), moves)
}

function placeOf(item: StoredItem, { newestFirst }: DeltaOptions): Place {
  return newestFirst ? byDate(item) : shuffled(item)
}

function isSince(item: StoredItem, { since }: DeltaOptions): boolean {
  if (!since) return true
  const received = Math.floor(item.date / 1000) * 1000
  return since.inclusive ? received >= since.time : received > since.time
}

/** Read marks get through `$filter` and `changeType`, as removals do. */
function concerns({ change }: ItemRecord, item: StoredItem, options: DeltaOptions): boolean {
  if (change === 'read') return true
  return isSince(item, options) && (options.changeType === null || options.changeType === change)
}
