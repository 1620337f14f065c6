import { FAULT_KINDS, type FaultInput, PUSH_TOKEN_VARIANTS } from '../faults.ts'
import { json, noContent, type Reply } from '../http/reply.ts'
import { type Request, Router } from '../http/router.ts'
import type { Control } from './control.ts'
import { MAX_GENERATED, MAX_RATE } from './deliveries.ts'
import {
  ControlError,
  type Fields,
  oneOf,
  only,
  optionalFields,
  optionalList,
  optionalNumber,
  optionalText,
  readFields,
  text,
} from './input.ts'

interface ControlCall {
  control: Control
  request: Request
}

/** Generated at once, all in one request; above this a rate is needed. */
const MAX_AT_ONCE = 5000
const MAX_MESSAGE_BYTES = 36_700_160

export function controlRoutes(): Router<ControlCall> {
  const router = new Router<ControlCall>()
  const post = (
    path: string,
    fields: readonly string[],
    run: (control: Control, body: Fields) => Reply,
  ): void => {
    router.on('POST', path, ({ control, request }) => {
      const body = readFields(request.body)
      only(body, fields)
      return run(control, body)
    })
  }
  router.on('GET', '/control/state', ({ control }) => json(control.state()))
  router.on('GET', '/control/requests', ({ control, request }) =>
    json({ requests: control.log.recent(Number(request.query.get('limit') ?? 100) || 100) }),
  )
  post('/control/token', ['account', 'scopes', 'client'], (control, body) => {
    return json(
      control.token(
        optionalText(body, 'account'),
        optionalList(body, 'scopes'),
        optionalText(body, 'client'),
      ),
    )
  })
  post('/control/accounts', ['email', 'name', 'messages'], createAccount)
  post('/control/deliver', ['account', 'raw', 'generate'], deliver)
  router.on('GET', '/control/deliveries', ({ control }) => json({ deliveries: control.deliveries.jobs() }))
  router.on('DELETE', '/control/deliveries/:id', ({ control }, { id = '' }) =>
    json(control.deliveries.cancel(id)),
  )
  router.on('GET', '/control/faults', ({ control }) => json({ faults: control.faults() }))
  router.on('POST', '/control/faults', ({ control, request }) =>
    json(control.addFault(readFault(readFields(request.body), control.now)), 201),
  )
  router.on('DELETE', '/control/faults', ({ control }) => {
    control.clearFaults()
    return noContent
  })
  router.on('DELETE', '/control/faults/:id', ({ control }, { id = '' }) => {
    control.removeFault(id)
    return noContent
  })
  accountAction(post, '/control/expire-history', (control, account) => ({
    historyFloor: control.expireHistory(account),
  }))
  accountAction(post, '/control/revoke', (control, account) => ({ tokens: control.revoke(account) }))
  accountAction(post, '/control/expire-tokens', (control, account) => ({
    tokens: control.expireAccessTokens(account),
  }))
  accountAction(post, '/control/expire-watch', (control, account) => ({ had: control.expireWatch(account) }))
  accountAction(post, '/control/remove-watch', (control, account) => ({ had: control.removeWatch(account) }))
  post('/control/clock', ['advanceMs'], (control, body) => {
    return json({
      now: control.advanceClock(optionalNumber(body, 'advanceMs', 0, 10 * 365 * 86_400_000) ?? 0),
    })
  })
  post(
    '/control/push',
    ['endpoint', 'audience', 'serviceAccountEmail', 'ackDeadlineMs', 'minimumBackoffMs', 'maximumBackoffMs'],
    configurePush,
  )
  post('/control/quota', ['mode', 'unitsPerMinute', 'form', 'accessTokenLifeSeconds'], configureQuota)
  post('/control/reset', [], control => {
    control.reset()
    return json(control.state())
  })
  return router
}

type Post = (path: string, fields: readonly string[], run: (control: Control, body: Fields) => Reply) => void

function accountAction(
  post: Post,
  path: string,
  run: (control: Control, account: string | undefined) => object,
): void {
  post(path, ['account'], (control, body) => json(run(control, optionalText(body, 'account'))))
}

function createAccount(control: Control, body: Fields): Reply {
  const email = text(body, 'email')
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    throw new ControlError(400, 'invalid_field', `"${email}" is not an address.`)
  const messages = body.messages === 'all' ? 'all' : optionalNumber(body, 'messages', 0, 1_000_000)
  const name = optionalText(body, 'name')
  const mailbox = control.createAccount({
    email,
    ...(messages !== undefined && { messages }),
    ...(name !== undefined && { name }),
  })
  return json(
    { email: mailbox.email, messages: mailbox.size, historyId: String(mailbox.history.current) },
    201,
  )
}

function deliver(control: Control, body: Fields): Reply {
  const account = optionalText(body, 'account')
  const raw = optionalText(body, 'raw')
  const generate = optionalFields(body, 'generate')
  if ((raw === undefined) === (generate === undefined)) {
    throw new ControlError(400, 'raw_or_generate', 'Give either "raw" (base64) or "generate".')
  }
  if (raw !== undefined) {
    const bytes = Buffer.from(raw, 'base64')
    if (bytes.length === 0)
      throw new ControlError(400, 'empty_message', 'The message is empty: "raw" must be base64 of it.')
    if (bytes.length > MAX_MESSAGE_BYTES) {
      throw new ControlError(
        413,
        'message_too_large',
        `The message has ${bytes.length} bytes; the limit is ${MAX_MESSAGE_BYTES}.`,
      )
    }
    return json(control.deliver(account, bytes), 201)
  }
  const options = generate ?? {}
  only(options, ['count', 'ratePerSecond', 'seed'])
  const ratePerSecond = optionalNumber(options, 'ratePerSecond', 0.01, MAX_RATE)
  const count = Math.floor(
    optionalNumber(options, 'count', 1, ratePerSecond === undefined ? MAX_AT_ONCE : MAX_GENERATED) ?? 1,
  )
  const seed = optionalNumber(options, 'seed', 0, 2 ** 32 - 1)
  const made = control.generate(account, {
    count,
    ...(seed !== undefined && { seed }),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
  })
  return json(Array.isArray(made) ? { messages: made } : { delivery: made }, 201)
}

const FAULT_FIELDS = [
  'kind',
  'match',
  'count',
  'probability',
  'seed',
  'until',
  'forMs',
  'status',
  'reason',
  'message',
  'retryAfter',
  'ms',
  'variant',
]

function readFault(body: Fields, now: number): FaultInput {
  only(body, FAULT_FIELDS)
  const kind = oneOf(body, 'kind', FAULT_KINDS)
  const match = optionalFields(body, 'match') ?? {}
  only(match, ['method', 'path', 'account'])
  const forMs = optionalNumber(body, 'forMs', 1, 365 * 86_400_000)
  const fault: FaultInput = { kind }
  for (const name of ['method', 'path', 'account'] as const) {
    const value = optionalText(match, name)
    if (value !== undefined) fault.match = { ...fault.match, [name]: value }
  }
  const bounds = {
    count: [1, 1e9],
    probability: [0, 1],
    seed: [0, 2 ** 32 - 1],
    until: [0, 1e15],
    status: [100, 599],
    retryAfter: [0, 1e6],
    ms: [0, 600_000],
  } as const
  for (const name of Object.keys(bounds) as (keyof typeof bounds)[]) {
    const value = optionalNumber(body, name, bounds[name][0], bounds[name][1])
    if (value !== undefined) fault[name] = value
  }
  if (forMs !== undefined) fault.until = now + forMs
  const reason = optionalText(body, 'reason')
  const message = optionalText(body, 'message')
  if (reason !== undefined) fault.reason = reason
  if (message !== undefined) fault.message = message
  if (kind === 'push.token') fault.variant = oneOf(body, 'variant', PUSH_TOKEN_VARIANTS)
  return fault
}

function configurePush(control: Control, body: Fields): Reply {
  const endpoint = optionalText(body, 'endpoint')
  if (endpoint === undefined) {
    control.configurePush(null)
    return json({ push: null })
  }
  if (!URL.canParse(endpoint))
    throw new ControlError(400, 'invalid_field', `"endpoint" must be an address, but is "${endpoint}".`)
  const audience = optionalText(body, 'audience')
  const serviceAccountEmail = optionalText(body, 'serviceAccountEmail')
  const numbers: Partial<Record<'ackDeadlineMs' | 'minimumBackoffMs' | 'maximumBackoffMs', number>> = {}
  for (const name of ['ackDeadlineMs', 'minimumBackoffMs', 'maximumBackoffMs'] as const) {
    const value = optionalNumber(body, name, 1, 600_000)
    if (value !== undefined) numbers[name] = value
  }
  control.configurePush({
    endpoint,
    ...(audience && { audience }),
    ...(serviceAccountEmail && { serviceAccountEmail }),
    ...numbers,
  })
  return json({ push: control.push })
}

function configureQuota(control: Control, body: Fields): Reply {
  const unitsPerMinute = optionalNumber(body, 'unitsPerMinute', 1, 1e9)
  const life = optionalNumber(body, 'accessTokenLifeSeconds', 1, 86_400)
  if (life !== undefined) control.accessTokenLifeSeconds = life
  if (body.mode !== undefined) {
    const mode = oneOf(body, 'mode', ['off', '2026', 'classic'])
    const form =
      body.form === undefined ? undefined : oneOf(body, 'form', ['403', '429', '429-retry-after', 'mixed'])
    control.configureQuota({
      mode,
      ...(unitsPerMinute !== undefined && { unitsPerMinute }),
      ...(form && { form }),
    })
  }
  return json(control.state())
}
