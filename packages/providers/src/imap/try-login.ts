import { within } from './deadline.ts'
import { codeOf, type MailErrorCode } from './errors.ts'
import { probe } from './probe.ts'
import { openSession, type SessionWorld } from './session.ts'
import type { MailAccess, ServerSettings } from './settings.ts'
import { trySmtp } from './smtp.ts'

/** Why an account cannot be connected, for the person who is typing its settings. */
export type LoginProblem = {
  server: 'imap' | 'smtp'
  code: MailErrorCode
  /** What happened and what to do. */
  message: string
}

/** Time limits in ms: a person waits in front of this, and nothing is tried again by itself. */
const LIMITS = { tryMs: 12_000, connectMs: 4_000, greetingMs: 5_000, silenceMs: 10_000 }

/**
 * Logs in on IMAP and then, where there is one, on SMTP, and leaves both. One after the other: a wrong password counts
 * only once with a provider that locks accounts. Throws the signal's reason.
 */
export async function tryLogin(
  access: MailAccess,
  from: SessionWorld,
  signal: AbortSignal,
  { tryMs, ...limits } = LIMITS,
): Promise<LoginProblem | null> {
  const quick = { ...from, settings: { ...from.settings, ...limits } }
  const run = (
    server: LoginProblem['server'],
    at: ServerSettings,
    work: (inner: AbortSignal) => Promise<void>,
  ) => attempt(server, at, quick, tryMs, signal, work)
  const problem = await run('imap', access.imap, inner => tryImap(access, quick, inner))
  const { smtp } = access
  if (problem || !smtp) return problem
  return await run('smtp', smtp, inner => trySmtp(smtp, access, quick, inner))
}

async function tryImap(access: MailAccess, from: SessionWorld, signal: AbortSignal): Promise<void> {
  const session = await openSession(access, from, signal)
  await session.close()
}

async function attempt(
  server: LoginProblem['server'],
  settings: ServerSettings,
  from: SessionWorld,
  tryMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<LoginProblem | null> {
  const { host } = settings
  try {
    await within(from.world, tryMs, signal, run)
    return null
  } catch (error) {
    signal.throwIfAborted()
    const code = codeOf(error)
    if (server === 'smtp' && (code === 'unknown' || code === 'no_greeting')) {
      const seen = await probe('SMTP', settings, from, from.settings.greetingMs, signal).catch(
        (other: unknown) => other,
      )
      if (codeOf(seen) === 'wrong_service')
        return { server, code: 'wrong_service', message: textOf(seen, host) }
    }
    if (code) return { server, code, message: textOf(error, host) }
    const message = `${host} took longer than ${tryMs / 1_000} s to log in. Check host and port, or try again later.`
    if (error instanceof DOMException) return { server, code: 'timeout', message }
    throw error
  }
}

/** The clause that says what goes on by itself is for work in the background. */
const BY_ITSELF = /; (?:it (?:is|goes)|the connection was closed and is) [^.“”]*\./

/** What was tried the person knows; the sentence after it says the rest. */
function textOf(error: unknown, host: string): string {
  const said = error instanceof Error ? error.message : String(error)
  return said
    .replace(`Could not log in to ${host}. `, '')
    .replace(`Could not connect to ${host}. `, '')
    .replace(BY_ITSELF, '.')
}
