import type { ImapMailbox } from '../mailbox/imap-mailbox.ts'
import { bearerOf } from '../oauth.ts'
import type { Session } from '../session.ts'
import { bad, no, Refusal } from '../wire/refusal.ts'
import { CAPABILITIES } from './capability.ts'

const WELCOME = `[CAPABILITY ${CAPABILITIES.join(' ')}] Logged in`

/** RFC 7628 §3.2.2, in base64. */
const REFUSED = Buffer.from('{"status":"invalid_token","schemes":"bearer"}').toString('base64')

/** `find`: the mailbox that was proven to be the client's. */
export function logIn(session: Session, user: string, find: () => ImapMailbox | undefined): string {
  if (session.mailbox) bad('You are logged in already')
  const { faults } = session.imap
  const refusal = faults.take('imap.refuse', { method: 'LOGIN', account: user.toLowerCase() })
  if (refusal) no(refusal.message ?? 'Refused, as was asked for', refusal.reason ?? 'AUTHENTICATIONFAILED')
  const mailbox = find()
  if (!mailbox) no('The address or the password is wrong', 'AUTHENTICATIONFAILED')
  session.login(mailbox)
  return WELCOME
}

/** What a client sends of itself, taken: the words of an OK, or null where the dialogue goes on. */
type Mechanism = (session: Session, tag: string, response: string) => string | null

const MECHANISMS: Record<string, Mechanism> = { PLAIN: plain, XOAUTH2: bearer, OAUTHBEARER: bearer }

export function authenticate(session: Session, mechanism: string, response: string | null, tag: string) {
  const run = MECHANISMS[mechanism] ?? no(`${mechanism} is not known here`, 'CANNOT')
  if (session.mailbox) bad('You are logged in already')
  if (response !== null) return run(session, tag, response)
  // RFC 4959: without an initial response there is an empty challenge.
  return ask(session, tag, '', line => (line === '*' ? bad('Called off') : run(session, tag, line)))
}

/** RFC 4616: authorisation identity, user and password with NUL between them. */
function plain(session: Session, _tag: string, response: string): string {
  const [as, user, password, more] = Buffer.from(response, 'base64').toString('utf8').split('\0')
  if (user === undefined || password === undefined || more !== undefined)
    bad('This is no SASL PLAIN response')
  if (as !== '' && as !== user) no('Nobody may act for another', 'AUTHORIZATIONFAILED')
  return logIn(session, user, () => session.imap.mailboxes.login(user, password))
}

/** A refused token is told in a challenge; after whatever the client says to that comes the NO. */
function bearer(session: Session, tag: string, response: string): string | null {
  const { user, token } = bearerOf(response) ?? bad('This is no bearer token')
  try {
    return logIn(
      session,
      user,
      () =>
        session.imap.mailboxOf(user, token) ??
        no('The token is not for this mailbox, or has ended', 'AUTHENTICATIONFAILED'),
    )
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return ask(session, tag, REFUSED, () => {
      throw error
    })
  }
}

/** Takes the next line as the answer to a challenge. */
function ask(
  session: Session,
  tag: string,
  challenge: string,
  answer: (line: string) => string | null,
): null {
  session.dialogue = async line => {
    session.dialogue = null
    try {
      const said = answer(line)
      if (said !== null) session.out.line([tag, 'OK', said])
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const code = error.code === null ? [] : [`[${error.code}]`]
      session.out.line([tag, error.status, ...code, error.message])
    }
  }
  session.out.line(['+', challenge])
  return null
}
