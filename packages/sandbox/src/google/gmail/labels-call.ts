import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, noContent, type Reply, ReplyError } from '../../http/reply.ts'
import type { StoredLabel } from '../../mailbox/types.ts'
import { SYSTEM_LABELS } from '../../mailbox/types.ts'
import { googleError, invalid, notFound } from '../errors.ts'
import { admit, type GmailCall, readJson } from './context.ts'
import { fromGoogle, labelResource, labelResources } from './labels.ts'
import type { Ids } from './messages.ts'

const MAX_LABELS = 10_000

export function listLabels(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'labels.read')
  return json({ labels: labelResources(call.mailbox) } satisfies gmail_v1.Schema$ListLabelsResponse)
}

export function getLabel(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'labels.read')
  return json(labelResource(call.mailbox, fromGoogle(call.mailbox, id) ?? notFound()))
}

export function createLabel(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'labels', 'labels.write')
  if (call.mailbox.labels.size >= MAX_LABELS) invalid(`A mailbox holds at most ${MAX_LABELS} labels`)
  const wanted = readLabel(call, readJson(call))
  const name = wanted.name ?? invalid('Label name is required')
  return json(labelResource(call.mailbox, call.mailbox.createLabel({ ...wanted, name }).id))
}

/** `PUT` replaces, `PATCH` keeps what the body does not mention. */
export function changeLabel(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'labels', 'labels.write')
  const label = userLabelOf(call, id)
  const change = readLabel(call, readJson(call), label.id)
  const base = call.request.method === 'PATCH' ? label : { id: label.id, name: label.name }
  call.mailbox.putLabel({ ...base, ...change })
  return json(labelResource(call.mailbox, label.id))
}

export function deleteLabel(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'labels', 'labels.write')
  call.mailbox.deleteLabel(userLabelOf(call, id).id)
  return noContent
}

function userLabelOf(call: GmailCall, id: string): StoredLabel {
  const known = fromGoogle(call.mailbox, id) ?? notFound()
  return call.mailbox.labels.get(known) ?? invalid('Cannot change a system label')
}

function readLabel(
  call: GmailCall,
  body: Record<string, unknown>,
  self?: string,
): Partial<Omit<StoredLabel, 'id'>> {
  const { name, labelListVisibility, messageListVisibility, color } = body
  if (name !== undefined) checkName(call, name, self)
  const { textColor, backgroundColor } = (color ?? {}) as Record<string, unknown>
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof labelListVisibility === 'string' && { listVisibility: labelListVisibility }),
    ...(typeof messageListVisibility === 'string' && { messageVisibility: messageListVisibility }),
    ...(typeof textColor === 'string' &&
      typeof backgroundColor === 'string' && { color: { text: textColor, background: backgroundColor } }),
  }
}

function checkName(call: GmailCall, name: unknown, self: string | undefined): void {
  if (typeof name !== 'string' || name.trim() === '' || name.length > 225) invalid('Invalid label name')
  const lower = String(name).toLowerCase()
  const taken = [...call.mailbox.labels.values()].some(
    label => label.id !== self && label.name.toLowerCase() === lower,
  )
  if (taken || (SYSTEM_LABELS as readonly string[]).includes(lower)) {
    throw new ReplyError(googleError(409, 'aborted', 'Label name exists or conflicts'), 'label name exists')
  }
}
