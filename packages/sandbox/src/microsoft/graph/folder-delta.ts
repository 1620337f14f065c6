import type { Reply } from '../../http/reply.ts'
import { hash32 } from '../../random.ts'
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
    walk: ({ select }) =>
      folders
        .all()
        .map(folder => ({
          key: `${String(hash32(folder.key)).padStart(10, '0')}${folder.key}`,
          show: () => ({ ...TYPE, ...pick(folderResource(call.mailbox, folder), select) }),
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
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
