import type { Reply } from '../../http/reply.ts'
import { Order } from '../../mailbox/order.ts'
import { shuffled } from '../mailbox/folder-items.ts'
import { folderId } from '../mailbox/ids.ts'
import { admit, type GraphCall } from './call.ts'
import { answerDelta, type DeltaSource } from './delta.ts'
import { folderResource, pick } from './folders.ts'

const TYPE = { '@odata.type': '#microsoft.graph.mailFolder' }

/** `GET /me/mailFolders/delta`: the whole tree, nested folders included, in no promised order. */
export function folderDelta(call: GraphCall): Reply {
  admit(call, 'read')
  const { account, folders } = call.mailbox
  const source: DeltaSource = {
    scope: 'folders',
    path: '/me/mailFolders/delta',
    context: `${call.base}/$metadata#Collection(mailFolder)`,
    *walk({ select }, after) {
      const order = new Order()
      for (const { key } of folders.all()) order.add(shuffled({ id: key }))
      for (const key of order.after(after)) {
        const folder = folders.get(key)
        if (!folder) continue
        const show = () => ({ ...TYPE, ...pick(folderResource(call.mailbox, folder), select) })
        yield { place: shuffled({ id: key }), show }
      }
    },
    entry: (record, { select }) => {
      if ('item' in record) return null
      const id = folderId(account, record.number)
      const folder = folders.get(record.folder)
      if (folder)
        return { id, show: () => ({ ...TYPE, ...pick(folderResource(call.mailbox, folder), select) }) }
      return { id, show: () => ({ ...TYPE, id, '@removed': { reason: 'deleted' } }) }
    },
  }
  return answerDelta(call, source)
}
