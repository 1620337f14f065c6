import { ProviderError, PushRejected } from '@inlet/sync/provider-errors'
import type { Notice } from '@inlet/sync/provider-port'
import { OAuth2Client } from 'google-auth-library'
import * as z from 'zod'
import { withDeadline } from '../with-deadline.ts'
import type { GmailSettings } from './config.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** An HTTP request as it came, its body already bounded by the caller (64 KiB). */
export type PushRequest = { headers: Headers; body: string }

/** Verified either way. `undecodable` is acknowledged and recorded: a refusal would be redelivered for days. */
export type ParsedPush =
  | { kind: 'notice'; notice: Notice }
  | { kind: 'undecodable'; problem: string; pushId: string | null }

const TOKEN_MAX_CHARS = 8_192
/** Inside Pub/Sub's default deadline of 10 s, so that it hears a status rather than a time-out. */
const VERIFY_MS = 8_000

/**
 * Is this Pub/Sub's word (PROVIDERS: OIDC token signed by Google, for our audience, of our service account), and whom
 * does it name? Throws PushRejected for whatever is not verified, ProviderError `transient` when Google's certificates
 * cannot be had: then nobody knows, and the push should come again.
 */
export function createPushParser(
  settings: GmailSettings,
): (request: PushRequest, signal: AbortSignal) => Promise<ParsedPush> {
  const verifier = new OAuth2Client({
    endpoints: { oauth2FederatedSignonPemCertsUrl: settings.certsUrl },
    transporterOptions: { timeout: 5_000 },
  })
  const verified = new VerifiedTokens()
  return async (request, signal) => {
    await verify(verifier, verified, settings, request.headers.get('authorization'), signal)
    return decodePush(request)
  }
}

async function verify(
  verifier: OAuth2Client,
  verified: VerifiedTokens,
  settings: GmailSettings,
  authorization: string | null,
  signal: AbortSignal,
): Promise<void> {
  const { pushAudience, pushServiceAccount } = settings
  // The library skips the audience check when none is given, so an unset audience must not get that far.
  if (!pushAudience || !pushServiceAccount)
    throw new PushRejected(
      'not_configured',
      'Gmail pushes are not set up here: the audience and the service account are not both set.',
    )
  const idToken = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(
    authorization?.slice(0, TOKEN_MAX_CHARS + 1) ?? '',
  )?.[1]
  if (!authorization) throw new PushRejected('missing_token', 'The push carries no Authorization header.')
  if (!idToken || authorization.length > TOKEN_MAX_CHARS)
    throw new PushRejected('malformed_token', 'The Authorization header of the push is no bearer JWT.')
  if (verified.has(idToken)) return
  const payload = await withDeadline(signal, VERIFY_MS, async () => {
    const ticket = await verifier.verifyIdToken({ idToken, audience: pushAudience })
    return ticket.getPayload()
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw rejection(error)
  })
  // The library checks neither of these.
  if (payload?.email_verified !== true)
    throw new PushRejected('email_not_verified', 'The push token’s e-mail is not verified.')
  if (payload.email?.toLowerCase() !== pushServiceAccount.toLowerCase())
    throw new PushRejected('wrong_email', 'The push token belongs to another service account.')
  verified.add(idToken, payload.exp * 1_000)
}

/** The library's messages quote the token, so only their meaning is kept (I12). */
function rejection(error: unknown): PushRejected | ProviderError {
  const message = error instanceof Error ? error.message : ''
  if (
    /retrieve verification certificates/i.test(message) ||
    (error instanceof Error && error.name === 'TimeoutError')
  )
    return new ProviderError(
      'transient',
      'Google’s certificates could not be had, so the push could not be verified.',
    )
  const [reason, words] =
    MEANINGS.find(([pattern]) => pattern.test(message))
      ?.slice(1)
      .map(String) ?? []
  return new PushRejected(
    reason ?? 'invalid_token',
    `The push token is not valid: ${words ?? 'it could not be verified'}.`,
  )
}

const MEANINGS: [RegExp, string, string][] = [
  [/wrong recipient/i, 'wrong_audience', 'it was made for another audience'],
  [/too late/i, 'expired', 'it has expired'],
  [/too early/i, 'too_early', 'it is dated in the future'],
  [/invalid issuer/i, 'wrong_issuer', 'it was not issued by Google'],
  [/no pem found|invalid token signature/i, 'bad_signature', 'its signature is not Google’s'],
  [/parse token|envelope/i, 'malformed_token', 'it cannot be read'],
  [/expiration/i, 'bad_expiry', 'its expiry is missing or too far away'],
]

const Envelope = z.object({
  message: z.object({
    data: z.string().max(100_000).optional(),
    messageId: z.string().max(200).optional(),
    message_id: z.string().max(200).optional(),
  }),
})
const Payload = z.object({
  emailAddress: z.string().min(3).max(320).includes('@'),
  // Google's pages show it as a string in places and as a number in others. It is a hint; only its form is checked.
  historyId: z.union([z.string().regex(/^\d{1,20}$/), z.number().int().nonnegative()]),
})

/** Whom a push names. Wrapped (Pub/Sub's envelope) or unwrapped (the payload itself, its id in a header). Pure. */
export function decodePush({ headers, body }: PushRequest): ParsedPush {
  const given = parseJson(body)
  const envelope = Envelope.safeParse(given)
  const fallbackId = headers.get('x-goog-pubsub-message-id')?.slice(0, 200) ?? null
  if (!envelope.success) {
    if (typeof given === 'object' && given !== null && 'emailAddress' in given)
      return readPayload(given, fallbackId)
    return {
      kind: 'undecodable',
      problem: 'The body is neither a Pub/Sub message nor a Gmail notification.',
      pushId: fallbackId,
    }
  }
  const { data, messageId, message_id } = envelope.data.message
  const pushId = messageId ?? message_id ?? fallbackId
  if (!data) return { kind: 'undecodable', problem: 'The Pub/Sub message carries no data.', pushId }
  // Node reads both base64 alphabets, padded or not.
  return readPayload(parseJson(Buffer.from(data, 'base64').toString('utf8')), pushId)
}

function readPayload(given: unknown, pushId: string | null): ParsedPush {
  const payload = Payload.safeParse(given)
  if (!payload.success) {
    const fields = [...new Set(payload.error.issues.map(issue => issue.path.join('.') || 'the whole'))].join(
      ', ',
    )
    return { kind: 'undecodable', problem: `The data is no Gmail notification (wrong: ${fields}).`, pushId }
  }
  const mailbox = payload.data.emailAddress.toLowerCase()
  return { kind: 'notice', notice: { provider: 'gmail', mailbox, resource: null, pushId } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
