import type { Session } from '../session.ts'
import { bad, no, Refusal } from '../wire/refusal.ts'
import { NIL, type Token } from '../wire/tokens.ts'
import { CAPABILITIES } from './capability.ts'
import type { Commands } from './command.ts'

const WELCOME = `[CAPABILITY ${CAPABILITIES.join(' ')}] Logged in`

function logIn(session: Session, user: string, password: string): string {
  if (session.mailbox) bad('You are logged in already')
  const { faults, mailboxes } = session.imap
  const refusal = faults.take('imap.refuse', { method: 'LOGIN', account: user.toLowerCase() })
  if (refusal) no(refusal.message ?? 'Refused, as was asked for', refusal.reason ?? 'AUTHENTICATIONFAILED')
  const mailbox = mailboxes.login(user, password)
  if (!mailbox) no('The address or the password is wrong', 'AUTHENTICATIONFAILED')
  session.login(mailbox)
  return WELCOME
}

/** RFC 4616: authorisation identity, user and password with NUL between them. */
function plain(session: Session, response: string): string {
  const [as, user, password, more] = Buffer.from(response, 'base64').toString('utf8').split('\0')
  if (user === undefined || password === undefined || more !== undefined)
    bad('This is no SASL PLAIN response')
  if (as !== '' && as !== user) no('Nobody may act for another', 'AUTHORIZATIONFAILED')
  return logIn(session, user, password)
}

/** Takes the next line as the answer to a challenge. */
function challenge(session: Session, tag: string): null {
  session.dialogue = async line => {
    session.dialogue = null
    try {
      if (line === '*') bad('Called off')
      session.out.line([tag, 'OK', plain(session, line)])
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const code = error.code === null ? [] : [`[${error.code}]`]
      session.out.line([tag, error.status, ...code, error.message])
    }
  }
  session.out.line(['+', ''])
  return null
}

/** Everything that needs no folder and no mailbox. */
export const LOGIN: Commands = {
  CAPABILITY: {
    needs: 'nothing',
    run: (session, args) => {
      args.end()
      session.out.line(['*', 'CAPABILITY', ...CAPABILITIES])
      return 'Done'
    },
  },
  NOOP: { needs: 'nothing', run: () => 'Done' },
  LOGOUT: {
    needs: 'nothing',
    run: async (session, args, tag) => {
      args.end()
      session.out.line(['*', 'BYE', 'Until next time'])
      session.out.line([tag, 'OK', 'Logged out'])
      session.ended = true
      await session.out.end()
      return null
    },
  },
  LOGIN: {
    needs: 'nothing',
    run: (session, args) => {
      const [user, password] = [args.text(), args.text()]
      args.end()
      return logIn(session, user, password)
    },
  },
  AUTHENTICATE: {
    needs: 'nothing',
    run: (session, args, tag) => {
      if (args.word() !== 'PLAIN') no('Only PLAIN is known here', 'CANNOT')
      if (session.mailbox) bad('You are logged in already')
      if (!args.more) return challenge(session, tag)
      const response = args.atom()
      args.end()
      return plain(session, response)
    },
  },
  ID: {
    needs: 'nothing',
    run: (session, args) => {
      if (!args.optionalList()) args.next()
      args.end()
      session.out.line(['*', 'ID', [Buffer.from('name'), Buffer.from('Inlet sandbox')]])
      return 'Done'
    },
  },
  ENABLE: {
    needs: 'login',
    run: (session, args) => {
      const wanted = args.rest().map(token => String(token).toUpperCase())
      const can = wanted.includes('CONDSTORE')
      if (can) session.enableCondstore()
      session.out.line(['*', 'ENABLED', ...(can ? ['CONDSTORE'] : [])])
      return 'Done'
    },
  },
  NAMESPACE: {
    needs: 'login',
    run: (session, args) => {
      args.end()
      const own: Token = [[Buffer.from(''), Buffer.from('/')]]
      session.out.line(['*', 'NAMESPACE', own, NIL, NIL])
      return 'Done'
    },
  },
  IDLE: {
    needs: 'login',
    run: (session, args, tag) => {
      args.end()
      session.idling = true
      session.dialogue = async line => {
        session.dialogue = null
        session.idling = false
        session.tell(true)
        if (session.ended) return
        if (/^done$/i.test(line)) session.out.line([tag, 'OK', 'Done idling'])
        else session.out.line([tag, 'BAD', 'DONE was expected'])
      }
      session.out.line(['+', 'idling'])
      session.tell(true)
      return null
    },
  },
}
