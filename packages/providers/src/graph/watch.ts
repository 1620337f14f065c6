import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, WatchGrant, WatchRequest } from '@inlet/sync/provider-port'
import { segment } from './batch.ts'
import { AmbiguousEnd, type GraphClient } from './client.ts'
import { list, record, text } from './errors.ts'
import { FOLDERS } from './folders.ts'
import { pathOfLink } from './links.ts'

/** Outlook takes at most seven days, less a minute. */
const LIFE_MS = 6 * 24 * 60 * 60_000
const CHANGES = 'created,updated,deleted'
/** A mailbox has at most 1,000 subscriptions. */
const PAGES_MAX = 100

/**
 * A subscription for one folder, or `current` for six more days with its own secret. Changes and what Graph has to say
 * about the subscription itself come to the same address: its items tell themselves apart. null without an address.
 */
export async function watch(
  client: GraphClient,
  conn: Connection,
  resource: string,
  { secret, callbackUrl, current }: WatchRequest,
  signal: AbortSignal,
): Promise<WatchGrant | null> {
  if (callbackUrl === null || resource === FOLDERS) return null
  const call = { action: `watch a folder through ${hostOf(callbackUrl)}`, priority: 'live', signal } as const
  const expirationDateTime = new Date(client.world.now() + LIFE_MS).toISOString()
  if (current !== null) {
    const path = `/subscriptions/${segment(current.providerId)}`
    try {
      const { body } = await client.call(conn, call, { method: 'PATCH', path, body: { expirationDateTime } })
      return toGrant(body, true)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
  const body = {
    changeType: CHANGES,
    resource: `me/mailFolders('${resource}')/messages`,
    notificationUrl: callbackUrl,
    lifecycleNotificationUrl: callbackUrl,
    clientState: secret,
    expirationDateTime,
    latestSupportedTlsVersion: 'v1_2',
  }
  const create = async () =>
    toGrant(
      (await client.call(conn, { ...call, once: true }, { method: 'POST', path: '/subscriptions', body }))
        .body,
      false,
    )
  try {
    return await create()
  } catch (error) {
    if (error instanceof AmbiguousEnd)
      throw new ProviderError('transient', `Outlook gave no answer to a new watch. ${error.message}`)
    if (!(error instanceof ProviderError)) throw error
    if (statusOf(error) !== 409) throw withAdvice(error, callbackUrl)
  }
  // One of an attempt whose answer was lost: its secret is not ours any more.
  for (const id of await sameWatches(client, conn, body.resource, signal))
    await unwatch(client, conn, { providerId: id }, signal)
  return await create()
}

/** One that is gone already counts as stopped. */
export async function unwatch(
  client: GraphClient,
  conn: Connection,
  { providerId }: { providerId: string },
  signal: AbortSignal,
): Promise<void> {
  const call = { action: 'stop watching a folder', priority: 'live', signal, empty: true } as const
  try {
    await client.call(conn, call, { method: 'DELETE', path: `/subscriptions/${segment(providerId)}` })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function sameWatches(
  client: GraphClient,
  conn: Connection,
  resource: string,
  signal: AbortSignal,
): Promise<string[]> {
  const call = { action: 'list the watches', priority: 'live', signal } as const
  const found: string[] = []
  let path = '/subscriptions'
  for (let page = 0; page < PAGES_MAX; page++) {
    const body = record((await client.call(conn, call, { method: 'GET', path })).body)
    for (const each of list(body.value).map(record))
      if (text(each.resource).replace(/^\//, '') === resource) found.push(text(each.id))
    const link = text(body['@odata.nextLink'])
    if (!link) break
    path = pathOfLink(client.settings, link)
  }
  return found
}

function toGrant(given: unknown, renewed: boolean): WatchGrant {
  const { id, expirationDateTime } = record(given)
  const expiresAt = Date.parse(text(expirationDateTime))
  if (!text(id) || !Number.isFinite(expiresAt))
    throw new ProviderError('transient', 'Outlook answered a subscription without an id or an expiry.')
  return { providerId: text(id), expiresAt, cursor: null, renewed }
}

const statusOf = (error: ProviderError): unknown => record(error.cause).status
const isNotFound = (error: unknown): boolean => error instanceof ProviderError && error.kind === 'not_found'

/** Before it answers, Graph calls the address and wants its token back. */
function withAdvice(error: ProviderError, callbackUrl: string): ProviderError {
  if (!/^ValidationError$/i.test(text(record(error.cause).code))) return error
  return new ProviderError(
    'permanent',
    `Microsoft could not reach ${hostOf(callbackUrl)} to confirm it: the address must be public, speak https and answer within ten seconds. ${error.message}`,
    { cause: error.cause },
  )
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the callback address'
}
