import { SMTPServer, type SMTPServerAuthentication, type SMTPServerSession } from 'smtp-server'
import type { Imap } from './imap.ts'

const MAX_RECIPIENTS = 500
/** How long open connections may go on when the sandbox ends. */
const CLOSE_MS = 200

interface Failure extends Error {
  responseCode: number
}

/**
 * Submission for the IMAP accounts: who logs in may send. What is taken goes to the post office and nowhere else; a
 * copy in Sent is the client's business.
 */
export function createSmtpServer(
  ready: Promise<Imap>,
  limits: { messageBytes: number; connections: number },
): SMTPServer {
  const server = new SMTPServer({
    name: 'sandbox.inlet.test',
    banner: 'Inlet sandbox',
    authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'],
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    size: limits.messageBytes,
    closeTimeout: CLOSE_MS,
    maxClients: limits.connections,
    onAuth: (auth, _session, done) =>
      void settle(
        ready.then(imap => logIn(imap, auth)),
        done,
      ),
    onRcptTo: (_address, session, done) => {
      const full = session.envelope.rcptTo.length >= MAX_RECIPIENTS
      done(full ? failure(452, 'There are too many recipients') : null)
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      let bytes = 0
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= limits.messageBytes) chunks.push(chunk)
      })
      stream.once('error', () => {})
      stream.once('end', () => {
        if (bytes > limits.messageBytes) return done(failure(552, 'The message is too large'))
        void settle(
          ready.then(imap => accept(imap, session, Buffer.concat(chunks))),
          done,
        )
      })
    },
  })
  // A client that breaks off is its own affair.
  server.on('error', () => {})
  return server
}

/** A refused token is answered with a challenge (RFC 7628 §3.2.2), the rest with a number. */
function logIn(imap: Imap, auth: SMTPServerAuthentication): { user: string } | { data: object } {
  const user = auth.username ?? ''
  const account = user.toLowerCase()
  const refused = imap.faults.take('smtp.refuse', { method: 'AUTH', account })
  if (refused) throw failure(refused.status ?? 535, refused.message ?? 'Refused, as was asked for')
  const byToken = auth.method === 'XOAUTH2'
  const mailbox = byToken
    ? imap.mailboxOf(user, auth.accessToken ?? '')
    : imap.mailboxes.login(user, auth.password ?? '')
  if (!mailbox && byToken) return { data: { status: 'invalid_token', schemes: 'bearer' } }
  if (!mailbox) throw failure(535, 'The address or the password is wrong')
  return { user: mailbox.email }
}

function accept(imap: Imap, session: SMTPServerSession, raw: Buffer): string {
  const account = session.user ?? ''
  const refused = imap.faults.take('smtp.refuse', { method: 'DATA', account })
  if (refused) throw failure(refused.status ?? 451, refused.message ?? 'Refused, as was asked for')
  const recipients = session.envelope.rcptTo.map(({ address }) => address)
  imap.post.send(raw, recipients)
  return `Taken for ${recipients.length}`
}

/** Hands a promise to a callback. */
async function settle<T>(work: Promise<T>, done: (error: Error | null, value?: T) => void): Promise<void> {
  try {
    done(null, await work)
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
  }
}

function failure(responseCode: number, message: string): Failure {
  return Object.assign(new Error(message), { responseCode })
}
