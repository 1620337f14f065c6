import * as z from 'zod'

/** What better-auth answers when it refuses. */
const Refusal = z.object({ code: z.string().optional(), message: z.string().optional() })

const sentences: Record<string, string> = {
  INVALID_EMAIL_OR_PASSWORD: 'The email or the password is not right.',
  INVALID_EMAIL: 'That is not an email address.',
  USER_ALREADY_EXISTS: 'There is an account with this email already. Sign in instead.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'There is an account with this email already. Sign in instead.',
  PASSWORD_TOO_SHORT: 'The password is too short: take at least 10 characters.',
  PASSWORD_TOO_LONG: 'The password is too long: take at most 128 characters.',
  INVALID_ORIGIN: 'This address of Inlet may not be used to sign in. Open it at its usual address.',
}

export type Credentials =
  | { how: 'sign-in'; email: string; password: string }
  | { how: 'sign-up'; name: string; email: string; password: string }

/** Signs in or up. Resolves with null when it worked, else with a sentence for the person. */
export async function authenticate({ how, ...body }: Credentials): Promise<string | null> {
  let answer: Response
  try {
    answer = await fetch(`/api/auth/${how}/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    })
  } catch {
    return 'Inlet could not be reached. Check the connection and try again.'
  }
  if (answer.ok) return null
  if (answer.status === 429) {
    const seconds = Number(answer.headers.get('x-retry-after') ?? answer.headers.get('retry-after'))
    return `Too many tries. Wait ${seconds > 0 ? `${Math.ceil(seconds)} s` : 'a minute'} and try again.`
  }
  const refusal = Refusal.safeParse(await answer.json().catch(() => null))
  const { code = '', message = '' } = refusal.success ? refusal.data : {}
  return sentences[code] ?? (message || `That did not work (status ${answer.status}). Try again.`)
}
