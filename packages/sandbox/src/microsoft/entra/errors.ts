import { randomUUID } from 'node:crypto'
import { json, type Reply } from '../../http/reply.ts'

/** Codes the sandbox answers, with OAuth's word, the status and what Entra says. */
const AADSTS = {
  50011: [
    'invalid_request',
    400,
    'The redirect URI specified in the request does not match the redirect URIs configured for the application.',
  ],
  50034: ['invalid_grant', 400, 'The user account does not exist in the directory.'],
  50053: [
    'invalid_grant',
    400,
    "You've tried to sign in too many times with an incorrect user ID or password.",
  ],
  50076: [
    'interaction_required',
    400,
    'Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.',
    'basic_action',
  ],
  50173: [
    'invalid_grant',
    400,
    'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
    'bad_token',
  ],
  53003: [
    'interaction_required',
    400,
    'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
    'message_only',
  ],
  54005: [
    'invalid_grant',
    400,
    'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  ],
  65001: [
    'invalid_grant',
    400,
    'The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.',
    'consent_required',
  ],
  65004: ['access_denied', 400, 'User declined to consent to access the app.'],
  70000: ['invalid_grant', 400, 'Provided grant is invalid or malformed.'],
  70003: ['unsupported_grant_type', 400, 'The app requested an unsupported grant type.'],
  70008: [
    'invalid_grant',
    400,
    'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  ],
  90033: ['temporarily_unavailable', 503, 'A transient error has occurred. Please try again.'],
  90002: ['invalid_request', 400, 'Tenant not found. Check to make sure you have the correct tenant ID.'],
  501481: [
    'invalid_grant',
    400,
    'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ],
  700016: [
    'unauthorized_client',
    400,
    'Application with the given identifier was not found in the directory.',
  ],
  700082: ['invalid_grant', 400, 'The refresh token has expired due to inactivity.'],
  900144: ['invalid_request', 400, 'The request body must contain a parameter that is missing.'],
  7000215: [
    'invalid_client',
    401,
    'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  ],
  7000218: [
    'invalid_client',
    401,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ],
  7000222: ['invalid_client', 401, 'The provided client secret keys are expired.'],
} as const satisfies Record<number, readonly [error: string, status: number, text: string, suberror?: string]>
export type AadstsCode = keyof typeof AADSTS

export function isAadsts(code: number): code is AadstsCode {
  return code in AADSTS
}

/** The error document of the token endpoint. */
export function entraError(
  code: AadstsCode,
  now: number,
  more: { text?: string; status?: number } = {},
): Reply {
  const [error, status, text, suberror] = AADSTS[code]
  const trace = randomUUID()
  const correlation = randomUUID()
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`
  return json(
    {
      error,
      error_description: `AADSTS${code}: ${more.text ?? text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      ...(suberror !== undefined && { suberror }),
    },
    more.status ?? status,
  )
}

export function aadstsText(code: AadstsCode): string {
  return `AADSTS${code}: ${AADSTS[code][2]}`
}

/** The code a fault means by its `reason`: a number, or the first code of an OAuth error's name. */
export function codeOfReason(reason: string | undefined, status: number): AadstsCode | undefined {
  const number = Number(/\d+/.exec(reason ?? '')?.[0])
  if (isAadsts(number)) return number
  const named = {
    invalid_grant: 70008,
    interaction_required: 50076,
    invalid_client: 7000215,
    temporarily_unavailable: 90033,
  } as const
  if (reason !== undefined) return named[reason as keyof typeof named]
  return status === 401 ? 7000215 : status === 400 ? 70008 : 90033
}
