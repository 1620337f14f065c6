import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, noContent, type Reply } from '../../http/reply.ts'
import { invalid } from '../errors.ts'
import { PROJECT } from '../google.ts'
import { admit, type GmailCall, readJson, stringList } from './context.ts'
import { fromGoogle } from './labels.ts'
import type { Ids } from './messages.ts'

export function watch(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'watch')
  const body = readJson(call)
  const topic = body.topicName
  if (typeof topic !== 'string' || !/^projects\/[^/]+\/topics\/[^/]+$/.test(topic)) {
    return invalid(`Invalid topicName does not match projects/${PROJECT}/topics/*`)
  }
  if (!topic.startsWith(`projects/${PROJECT}/`))
    invalid(`Invalid topicName does not match projects/${PROJECT}/topics/*`)
  const labels = stringList(body.labelIds, 'labelIds', 1000).map(
    id => fromGoogle(call.mailbox, id) ?? invalid(`Invalid label: ${id}`),
  )
  const exclude = String(body.labelFilterBehavior ?? 'include').toLowerCase() === 'exclude'
  const started = call.google.watches.start(call.mailbox, topic, labels, exclude)
  const { notified, expires } = started
  return json({
    historyId: String(notified),
    expiration: String(expires),
  } satisfies gmail_v1.Schema$WatchResponse)
}

export function stop(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'stop')
  call.google.watches.stop(call.mailbox.email)
  return noContent
}
