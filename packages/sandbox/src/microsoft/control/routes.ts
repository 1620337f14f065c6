import {
  ControlError,
  type Fields,
  oneOf,
  only,
  optionalList,
  optionalNumber,
  optionalText,
  readFields,
  text,
} from '../../control/input.ts'
import { json, type Reply } from '../../http/reply.ts'
import { type Request, Router } from '../../http/router.ts'
import { type MicrosoftControl, REVOCATIONS, type Revocation } from './microsoft-control.ts'

interface Call {
  control: MicrosoftControl
  request: Request
}

type Run = (control: MicrosoftControl, body: Fields) => object

/** `/control/microsoft/…`. */
export function microsoftControlRoutes(): Router<Call> {
  const router = new Router<Call>()
  const post = (name: string, fields: readonly string[], run: Run, status = 200): void => {
    router.on('POST', `/control/microsoft/${name}`, ({ control, request }): Reply => {
      const body = readFields(request.body)
      only(body, fields)
      return json(run(control, body), status)
    })
  }
  router.on('GET', '/control/microsoft/state', ({ control }) => json(control.state()))
  post('accounts', ['email', 'name', 'messages'], createAccount, 201)
  post('token', ['account', 'scopes', 'client'], (control, body) =>
    control.token(account(body), optionalList(body, 'scopes'), optionalText(body, 'client')),
  )
  post('revoke', ['account', 'reason'], (control, body) => {
    const reasons = Object.keys(REVOCATIONS) as Revocation[]
    const why = body.reason === undefined ? 'consent' : oneOf(body, 'reason', reasons)
    return { tokens: control.revoke(account(body), why) }
  })
  post('expire-tokens', ['account'], (control, body) => ({
    tokens: control.expireAccessTokens(account(body)),
  }))
  post('tokens', ['accessTokenSeconds', 'usedRefreshTokenSeconds'], (control, body) => {
    const lives = numbers(body, ['accessTokenSeconds', 'usedRefreshTokenSeconds'])
    control.configureTokens(lives)
    return lives
  })
  post('expire-delta', ['account', 'folder'], (control, body) => ({
    deltas: control.expireDelta(account(body), optionalText(body, 'folder')),
  }))
  post('move', ['account', 'from', 'to', 'count', 'silent'], move)
  post('lifecycle', ['account', 'subscription', 'event', 'graceMs'], (control, body) => {
    const event = oneOf(body, 'event', ['reauthorizationRequired', 'subscriptionRemoved', 'missed'])
    return control.lifecycle(event, which(body), optionalNumber(body, 'graceMs', 0, 1e9))
  })
  post('remove-subscriptions', ['account', 'subscription'], (control, body) => ({
    removed: control.removeSubscriptions(which(body)),
  }))
  const limits = ['concurrent', 'requests', 'windowMs', 'serviceMs', 'retryAfterSeconds'] as const
  post('limits', ['enabled', ...limits], (control, body) => {
    const options = { enabled: body.enabled !== false, ...numbers(body, limits) }
    control.configureLimits(options)
    return options
  })
  post('notifications', NOTIFICATION_FIELDS, (control, body) => {
    const options = numbers(body, NOTIFICATION_FIELDS)
    control.configureNotifications(options)
    return options
  })
  return router
}

const NOTIFICATION_FIELDS = [
  'gatherMs',
  'retryMs',
  'batchSize',
  'slowMs',
  'dropMs',
  'slowShare',
  'dropShare',
  'minimumAnswers',
  'stateMs',
] as const

function account(body: Fields): string | undefined {
  return optionalText(body, 'account')
}

function which(body: Fields): { email?: string; subscription?: string } {
  const email = account(body)
  const subscription = optionalText(body, 'subscription')
  return { ...(email !== undefined && { email }), ...(subscription !== undefined && { subscription }) }
}

function numbers<Name extends string>(body: Fields, names: readonly Name[]): Partial<Record<Name, number>> {
  const out: Partial<Record<Name, number>> = {}
  for (const name of names) {
    const value = optionalNumber(body, name, 0, 1e9)
    if (value !== undefined) out[name] = value
  }
  return out
}

function createAccount(control: MicrosoftControl, body: Fields): object {
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
  return { email: mailbox.email, userId: mailbox.account.userId, messages: mailbox.size }
}

function move(control: MicrosoftControl, body: Fields): object {
  const email = account(body)
  const count = optionalNumber(body, 'count', 1, 1_000_000)
  const moved = control.move({
    ...(email !== undefined && { email }),
    from: text(body, 'from'),
    to: text(body, 'to'),
    ...(count !== undefined && { count }),
    silent: body.silent === true,
  })
  return { moved }
}
