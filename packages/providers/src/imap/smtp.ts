import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { within } from './deadline.ts'
import { type ErrorContext, mailError, toProviderError, type Verdict } from './errors.ts'
import { type Failure, readFailure, secretForms } from './failure.ts'
import { checkHost } from './host-guard.ts'
import { withSecret } from './secret.ts'
import type { SessionWorld } from './session.ts'
import type { MailAccess, MailSecret, ServerSettings } from './settings.ts'
import { BY_TOKEN, logInByToken } from './smtp-token.ts'
import { trust } from './trust.ts'

export type Envelope = { from: string; to: string[] }

export type Delivery =
  /** Taken for these; the others were refused, each with the server's words. */
  | { state: 'taken'; refused: { email: string; said: string }[] }
  /** The mail had begun to leave when the answer was lost: it may have been taken or not. */
  | { state: 'unknown'; message: string }

/** The whole of a delivery, however large the mail. */
const DELIVERY_MS = 10 * 60_000
const SAID_MAX = 200
const SEND = 'send the message'

/**
 * Hands one message to the account's SMTP server (RFC 6409), the bytes as they are. Throws ProviderError while it is
 * certain that nothing was taken. The addresses in `envelope` alone decide who gets it.
 */
export async function deliver(
  access: MailAccess,
  from: SessionWorld,
  envelope: Envelope,
  raw: Buffer,
  signal: AbortSignal,
): Promise<Delivery> {
  const { smtp } = access
  if (!smtp)
    throw mailError(
      { code: 'not_permitted', kind: 'permanent', sentence: 'No server for sending is set.' },
      SEND,
    )
  return await withSecret(access, signal, secret =>
    handOver(smtp, access.user, secret, from, envelope, raw, signal),
  )
}

async function handOver(
  smtp: ServerSettings,
  user: string,
  secret: MailSecret,
  from: SessionWorld,
  envelope: Envelope,
  raw: Buffer,
  signal: AbortSignal,
): Promise<Delivery> {
  const context = contextOf(smtp, user, secret, SEND, from)
  let connection: SMTPConnection | null = null
  let begun = false
  try {
    const refused = await within(from.world, DELIVERY_MS, signal, async inner => {
      const open = await connect(smtp, from, inner)
      connection = open
      await step(open, done => open.login(credentials(user, secret), error => done(error)))
      // nodemailer reads the message only when the server has said that it may come.
      const message = new Readable({
        read() {
          begun = true
          this.push(raw)
          this.push(null)
        },
      })
      return await step<{ email: string; said: string }[]>(open, done =>
        open.send({ ...envelope, size: raw.length }, message, (error, info) =>
          done(error, error ? [] : refusedOf(info)),
        ),
      )
    })
    ;(connection as SMTPConnection | null)?.quit()
    return { state: 'taken', refused }
  } catch (error) {
    ;(connection as SMTPConnection | null)?.close()
    const failure = readFailure(error, context.secrets)
    // A number is the server's decision. Without one, whether the last bytes arrived is known to nobody here.
    if (begun && failure.reply === 0)
      return {
        state: 'unknown',
        message: `${smtp.host} gave no answer to the message (${failure.code}). It may have been sent: look before sending again.`,
      }
    signal.throwIfAborted()
    const verdict = failure.login ? null : replyVerdict(failure, smtp)
    throw verdict ? mailError(verdict, SEND, failure) : toProviderError(error, context)
  }
}

/** Logs in and leaves: nothing is sent. Throws ProviderError, or the signal's reason. */
export async function trySmtp(
  smtp: ServerSettings,
  access: MailAccess,
  from: SessionWorld,
  signal: AbortSignal,
): Promise<void> {
  await withSecret(access, signal, async secret => {
    const action = `log in to ${smtp.host}`
    const context = contextOf(smtp, access.user, secret, action, from)
    let connection: SMTPConnection | null = null
    try {
      connection = await connect(smtp, from, signal)
      const open = connection
      await step(open, done => open.login(credentials(access.user, secret), error => done(error)))
      open.quit()
    } catch (error) {
      connection?.close()
      signal.throwIfAborted()
      const failure = readFailure(error, context.secrets)
      const verdict = failure.login ? null : replyVerdict(failure, smtp)
      throw verdict ? mailError(verdict, action, failure) : toProviderError(error, context)
    }
  })
}

function contextOf(
  smtp: ServerSettings,
  user: string,
  secret: MailSecret,
  action: string,
  { world }: SessionWorld,
): ErrorContext {
  return {
    protocol: 'SMTP',
    ...smtp,
    action,
    login: 'password' in secret ? 'password' : 'token',
    now: world.now(),
    secrets: secretForms(user, secret),
  }
}

/** A connection to the first address that can be reached; encrypted as told, not logged in. */
async function connect(
  smtp: ServerSettings,
  { settings, world, lookup }: SessionWorld,
  signal: AbortSignal,
): Promise<SMTPConnection> {
  const policy = {
    allowPrivateHosts: settings.allowPrivateHosts,
    security: smtp.security,
    ...(lookup && { lookup }),
  }
  const { addresses, servername } = await checkHost(smtp.host, policy, world, signal)
  let lastError: unknown
  for (const host of addresses) {
    const connection = new SMTPConnection({
      host,
      port: smtp.port,
      secure: smtp.security === 'tls',
      requireTLS: smtp.security === 'starttls',
      ignoreTLS: smtp.security === 'none',
      tls: {
        ...(servername !== null && { servername }),
        secureContext: trust(settings.trustedCertificates),
      },
      connectionTimeout: settings.connectMs,
      greetingTimeout: settings.greetingMs,
      socketTimeout: settings.silenceMs,
      customAuth: { [BY_TOKEN]: context => logInByToken(context, smtp) },
      logger: false,
    })
    // It may fail between two steps and while it closes: with nobody listening that would end the process.
    connection.on('error', () => {})
    try {
      await step(connection, done => connection.connect(error => done(error)))
      signal.throwIfAborted()
      return connection
    } catch (error) {
      connection.close()
      signal.throwIfAborted()
      lastError = silent(error) ? Object.assign(error, { code: 'GREETING_TIMEOUT' }) : error
    }
  }
  throw lastError
}

/** nodemailer has one code for no connection and for one on which nothing is said. */
const silent = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Greeting never received'

function credentials(user: string, secret: MailSecret) {
  if ('password' in secret) return { credentials: { user, pass: secret.password } }
  return { method: BY_TOKEN, credentials: { user, pass: secret.accessToken } }
}

/** One step as a promise; the connection's own failure ends it, too. */
function step<T = void>(
  connection: SMTPConnection,
  run: (done: (error?: Error | null, value?: T) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onEnd = () => finish(Object.assign(new Error('the connection is gone'), { code: 'ECONNECTION' }))
    const finish = (error?: Error | null, value?: T) => {
      connection.off('error', finish)
      connection.off('end', onEnd)
      if (error) reject(error)
      else resolve(value as T)
    }
    connection.once('error', finish)
    connection.once('end', onEnd)
    run(finish)
  })
}

function refusedOf({ rejectedErrors = [], rejected = [] }: SMTPConnection.SentMessageInfo) {
  return rejected.map((email, at) => ({
    email,
    said: readFailure(rejectedErrors[at]).said.slice(0, SAID_MAX),
  }))
}

/** SMTP's numbers (RFC 5321 §4.2): 4xx passes, 5xx stays; which command was refused tells what was wrong. */
function replyVerdict({ reply, said, code }: Failure, { host }: ServerSettings): Verdict | null {
  const words = said ? ` It says: “${said}”` : ''
  if (code === 'EMESSAGE' && reply === 0)
    return { code: 'too_large', kind: 'permanent', sentence: `The message is larger than ${host} takes.` }
  if (reply >= 400 && reply < 500)
    return {
      code: 'server_unavailable',
      kind: 'transient',
      sentence: `${host} takes no mail at the moment; it is tried again.${words}`,
    }
  if (reply < 500) return null
  if (code === 'EENVELOPE')
    return {
      code: 'recipient_refused',
      kind: 'permanent',
      sentence: `${host} refuses the sender or every recipient. Check the addresses.${words}`,
    }
  if (code === 'EMESSAGE')
    return { code: 'message_refused', kind: 'permanent', sentence: `${host} refuses the message.${words}` }
  return null
}
