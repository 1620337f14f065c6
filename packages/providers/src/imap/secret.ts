import { ProviderError } from '@inlet/sync/provider-errors'
import { codeOf } from './errors.ts'
import type { MailAccess, MailSecret } from './settings.ts'

/**
 * Logs in with the account's password or token. A token that the server refuses is replaced once, for it may have ended
 * before its time; when no other is to be had, or that one is refused as well, only the person can mend it.
 */
export async function withSecret<T>(
  access: MailAccess,
  signal: AbortSignal,
  logIn: (secret: MailSecret) => Promise<T>,
): Promise<T> {
  const secret = await access.secret(signal)
  try {
    return await logIn(secret)
  } catch (error) {
    if (!('accessToken' in secret) || codeOf(error) !== 'token_refused') throw error
    const fresh = await access.secret(signal, secret.accessToken)
    if (!('accessToken' in fresh) || fresh.accessToken === secret.accessToken) throw forThePerson(error)
    return await logIn(fresh).catch((again: unknown) => {
      throw codeOf(again) === 'token_refused' ? forThePerson(again) : again
    })
  }
}

function forThePerson(error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error
  return new ProviderError('unauthorized', error.message, { cause: error.cause, reconnect: true })
}
