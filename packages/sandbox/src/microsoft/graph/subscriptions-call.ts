import type { Subscription } from '@microsoft/microsoft-graph-types'
import { json, noContent, type Reply } from '../../http/reply.ts'
import type { Params } from '../../http/router.ts'
import { badRequest, fail } from '../errors.ts'
import { parseFilter } from '../odata/filter.ts'
import { handshake } from '../push/handshake.ts'
import type { ChangeType, StoredSubscription } from '../push/subscriptions.ts'
import { admit, type Fields, type GraphCall, readJson } from './call.ts'
import { canonicalPath } from './path.ts'

const MINUTE = 60_000
export const SHORTEST_MINUTES = 45
export const LONGEST_MINUTES = 10_080
const MAX_CLIENT_STATE = 128
const MAX_PER_MAILBOX = 1000

/** `POST /subscriptions`: both addresses must pass the handshake before it answers. */
export async function createSubscription(call: GraphCall): Promise<Reply> {
  admit(call, 'read')
  const { subscriptions } = call.microsoft
  const wanted = readSubscription(call, readJson(call))
  const same = (other: StoredSubscription): boolean =>
    other.client === wanted.client &&
    other.folder === wanted.folder &&
    other.filter === wanted.filter &&
    [...other.changeTypes].sort().join() === [...wanted.changeTypes].sort().join()
  const refuseDoubles = (): void => {
    if (subscriptions.of(call.mailbox.email).some(same)) {
      fail(
        409,
        'ExtensionError',
        'Operation: Create; Exception: [Status Code: Conflict; Reason: Subscription already exists]',
      )
    }
  }
  refuseDoubles()
  if (subscriptions.of(call.mailbox.email).length >= MAX_PER_MAILBOX) {
    fail(
      403,
      'ExtensionError',
      'Operation: Create; Exception: [Status Code: Forbidden; Reason: Subscription limit reached]',
    )
  }
  for (const url of [wanted.notificationUrl, wanted.lifecycleUrl]) {
    const refusal = url === null ? undefined : await handshake(url, call.microsoft.handshakeMs)
    if (refusal) return refusal
  }
  refuseDoubles()
  return json(resource(call, subscriptions.add(wanted)), 201)
}

export function listSubscriptions(call: GraphCall): Reply {
  admit(call, 'read')
  const own = call.microsoft.subscriptions
    .of(call.mailbox.email)
    .filter(({ client }) => client === call.caller.client)
  return json({
    '@odata.context': `${call.base}/$metadata#subscriptions`,
    value: own.map(subscription => resource(call, subscription)),
  })
}

export function getSubscription(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  return json(resource(call, find(call, params)))
}

/** Renewal: it also reauthorises. */
export async function patchSubscription(call: GraphCall, params: Params): Promise<Reply> {
  admit(call, 'read')
  const found = find(call, params)
  const body = readJson(call)
  const other = Object.keys(body).find(
    name => !['expirationDateTime', 'notificationUrl', '@odata.type'].includes(name),
  )
  if (other !== undefined) badRequest(`Property '${other}' cannot be updated.`, 'InvalidRequest')
  const expires = body.expirationDateTime === undefined ? found.expires : readExpiry(call, body)
  const notificationUrl =
    body.notificationUrl === undefined ? found.notificationUrl : readUrl(body, 'notificationUrl')
  if (notificationUrl !== found.notificationUrl) {
    const refusal = await handshake(notificationUrl, call.microsoft.handshakeMs)
    if (refusal) return refusal
  }
  const renewed = { ...find(call, params), expires, notificationUrl, pausedFrom: null }
  return json(resource(call, call.microsoft.subscriptions.put(renewed)))
}

/** `POST …/reauthorize`: delivery goes on, the expiry stays. */
export function reauthorize(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  call.microsoft.subscriptions.put({ ...find(call, params), pausedFrom: null })
  return noContent
}

export function deleteSubscription(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  call.microsoft.subscriptions.remove(find(call, params).id)
  return noContent
}

function find(call: GraphCall, { id = '' }: Params): StoredSubscription {
  const found = call.microsoft.subscriptions.get(id)
  if (found?.email === call.mailbox.email && found.client === call.caller.client) return found
  return fail(404, 'ResourceNotFound', 'The object was not found.')
}

function readSubscription(call: GraphCall, body: Fields): Omit<StoredSubscription, 'id'> {
  const required = (name: string): string => {
    const value = body[name]
    if (typeof value === 'string' && value !== '') return value
    return badRequest(`${name} is a required property for subscription creation.`, 'InvalidRequest')
  }
  if (body.includeResourceData === true) badRequest('includeResourceData is not simulated.', 'InvalidRequest')
  const changeTypes = required('changeType')
    .split(',')
    .map(type => type.trim().toLowerCase())
  if (!changeTypes.every(isChangeType)) {
    badRequest(`Invalid changeType '${changeTypes.join()}'.`, 'InvalidRequest')
  }
  const clientState = typeof body.clientState === 'string' ? body.clientState : null
  if ((clientState?.length ?? 0) > MAX_CLIENT_STATE) {
    badRequest(`clientState must not be longer than ${MAX_CLIENT_STATE} characters.`, 'InvalidRequest')
  }
  const resourceText = required('resource')
  return {
    email: call.mailbox.email,
    client: call.caller.client,
    changeTypes: changeTypes.filter(isChangeType),
    resource: resourceText,
    ...readResource(call, resourceText),
    notificationUrl: readUrl(body, 'notificationUrl'),
    lifecycleUrl:
      body.lifecycleNotificationUrl === undefined ? null : readUrl(body, 'lifecycleNotificationUrl'),
    clientState,
    tls: typeof body.latestSupportedTlsVersion === 'string' ? body.latestSupportedTlsVersion : null,
    expires: readExpiry(call, body),
    immutableIds: call.prefer.immutableIds,
    pausedFrom: null,
  }
}

function isChangeType(text: string): text is ChangeType {
  return text === 'created' || text === 'updated' || text === 'deleted'
}

/** `me/messages`, `users/{id}/messages`, or a folder's messages; with a filter behind a question mark. */
function readResource(call: GraphCall, text: string): { folder: string | null; filter: string | null } {
  const [path = '', query = ''] = text.split('?', 2)
  const { userId, email } = call.mailbox.account
  const canonical = canonicalPath(`/${path.replace(/^\//, '')}`)
  const [, user = '', folder] =
    /^\/(me|users\/[^/]+)(?:\/mailFolders\/([^/]+))?\/messages$/.exec(canonical) ?? []
  if (user === '') badRequest(`Unsupported resource '${text}'.`, 'InvalidRequest')
  if (user !== 'me' && ![userId, email].includes(user.slice('users/'.length).toLowerCase())) {
    fail(
      403,
      'ExtensionError',
      'Operation: Create; Exception: [Status Code: Forbidden; Reason: Access is denied]',
    )
  }
  const found = folder === undefined ? null : call.mailbox.folders.find(call.mailbox.account, folder)
  if (found === undefined) {
    fail(
      404,
      'ExtensionError',
      'Operation: Create; Exception: [Status Code: NotFound; Reason: Folder not found]',
    )
  }
  const filter = new URLSearchParams(query).get('$filter')
  if (filter !== null) parseFilter(filter)
  return { folder: found?.key ?? null, filter }
}

/** Under 45 minutes is raised to 45; over the longest is refused outright. */
function readExpiry(call: GraphCall, body: Fields): number {
  const text = body.expirationDateTime
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    badRequest('expirationDateTime is a required property for subscription creation.', 'InvalidRequest')
  const now = call.microsoft.clock.now()
  if (time <= now) badRequest('Subscription expiration cannot be in the past.', 'InvalidRequest')
  if (time > now + LONGEST_MINUTES * MINUTE) {
    badRequest(
      `Subscription expiration can only be ${LONGEST_MINUTES} minutes in the future.`,
      'ExtensionError',
    )
  }
  return Math.max(time, now + SHORTEST_MINUTES * MINUTE)
}

/** https, or plain http on this machine, which only the sandbox takes. */
function readUrl(body: Fields, name: string): string {
  const text = body[name]
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : null
  const loopback = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) return url.href
  return badRequest(`${name} must be an https address.`, 'InvalidRequest')
}

function resource(call: GraphCall, stored: StoredSubscription): Subscription {
  return {
    ...{ '@odata.context': `${call.base}/$metadata#subscriptions/$entity` },
    id: stored.id,
    resource: stored.resource,
    applicationId: stored.client,
    changeType: stored.changeTypes.join(','),
    clientState: stored.clientState,
    notificationUrl: stored.notificationUrl,
    lifecycleNotificationUrl: stored.lifecycleUrl,
    expirationDateTime: new Date(stored.expires).toISOString(),
    creatorId: call.mailbox.account.userId,
    includeResourceData: null,
    latestSupportedTlsVersion: stored.tls ?? 'v1_2',
    encryptionCertificate: null,
    encryptionCertificateId: null,
    notificationQueryOptions: null,
    notificationUrlAppId: null,
  }
}
