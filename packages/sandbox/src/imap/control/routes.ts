import {
  ControlError,
  type Fields,
  only,
  optionalList,
  optionalNumber,
  optionalText,
  readFields,
  text,
} from '../../control/input.ts'
import { json } from '../../http/reply.ts'
import { type Request, Router } from '../../http/router.ts'
import type { ImapControl, Which } from './imap-control.ts'

interface Call {
  control: ImapControl
  request: Request
}

const WHICH = ['account', 'folder', 'uids', 'count']

/** `/control/imap/…`. */
export function imapControlRoutes(): Router<Call> {
  const router = new Router<Call>()
  const post = (
    name: string,
    fields: readonly string[],
    run: (control: ImapControl, body: Fields) => object,
    status = 200,
  ): void => {
    router.on('POST', `/control/imap/${name}`, ({ control, request }) => {
      const body = readFields(request.body)
      only(body, fields)
      return json(run(control, body), status)
    })
  }
  router.on('GET', '/control/imap/state', ({ control }) => json(control.state()))
  router.on('GET', '/control/imap/messages', ({ control, request: { query } }) =>
    json({ messages: control.messages(query.get('account') ?? undefined, query.get('folder') ?? 'INBOX') }),
  )
  post('accounts', ['email', 'name', 'messages'], createAccount, 201)
  post('append', ['account', 'folder', 'raw', 'flags'], append, 201)
  post('flags', [...WHICH, 'add', 'remove'], (control, body) => ({
    changed: control.setFlags(
      which(body),
      optionalList(body, 'add') ?? [],
      optionalList(body, 'remove') ?? [],
    ),
  }))
  post('move', [...WHICH, 'to'], (control, body) => ({ uids: control.move(which(body), text(body, 'to')) }))
  post('expunge', WHICH, (control, body) => ({ expunged: control.expunge(which(body)) }))
  post('renumber', ['account', 'folder'], (control, body) => ({
    uidValidity: control.renumber(optionalText(body, 'account'), text(body, 'folder')),
  }))
  post('password', ['account', 'password'], (control, body) => {
    control.setPassword(optionalText(body, 'account'), text(body, 'password'))
    return {}
  })
  post('revoke', ['account'], (control, body) => ({ tokens: control.revoke(optionalText(body, 'account')) }))
  post('expire-tokens', ['account'], (control, body) => ({
    tokens: control.expireAccessTokens(optionalText(body, 'account')),
  }))
  post('disconnect', ['account'], (control, body) => ({
    connections: control.disconnect(optionalText(body, 'account')),
  }))
  return router
}

function which(body: Fields): Which {
  const email = optionalText(body, 'account')
  const count = optionalNumber(body, 'count', 1, 1_000_000)
  const { uids } = body
  const list =
    Array.isArray(uids) && uids.every(uid => Number.isInteger(uid)) ? (uids as number[]) : undefined
  if (uids !== undefined && !list) {
    throw new ControlError(400, 'invalid_field', '"uids" must be a list of whole numbers.')
  }
  return {
    folder: text(body, 'folder'),
    ...(email !== undefined && { email }),
    ...(count !== undefined && { count }),
    ...(list && { uids: list }),
  }
}

function createAccount(control: ImapControl, body: Fields): object {
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
  return { email: mailbox.email, messages: mailbox.size }
}

function append(control: ImapControl, body: Fields): object {
  const email = optionalText(body, 'account')
  const raw = Buffer.from(text(body, 'raw'), 'base64')
  if (raw.length === 0)
    throw new ControlError(400, 'empty_message', 'The message is empty: "raw" must be base64 of it.')
  const where = { folder: text(body, 'folder'), ...(email !== undefined && { email }) }
  return { uid: control.append(where, raw, optionalList(body, 'flags') ?? []) }
}
