import type SMTPConnection from 'nodemailer/lib/smtp-connection'

/** Under this name nodemailer finds `logInByToken`; servers never hear it. */
export const BY_TOKEN = 'TOKEN'

/** An error challenge must be answered before the server says its NO: XOAUTH2 wants nothing, RFC 7628 §3.2.3 a ^A. */
const ANSWERS = { XOAUTH2: '', OAUTHBEARER: 'AQ==' }

/**
 * Logs in to SMTP with an access token, by what the server offers: XOAUTH2, else OAUTHBEARER (RFC 7628). Throws what it
 * answered, with `oauthError` as imapflow has it.
 */
export async function logInByToken(
  { auth, authMethods, sendCommand }: SMTPConnection.CustomAuthenticationContext,
  server: { host: string; port: number },
): Promise<void> {
  // nodemailer lists of a server's mechanisms only those that it knows itself.
  const mechanism = authMethods.includes('XOAUTH2') ? 'XOAUTH2' : 'OAUTHBEARER'
  const { user, pass } = auth.credentials
  const said =
    mechanism === 'XOAUTH2'
      ? [`user=${user}`, `auth=Bearer ${pass}`, '', '']
      : [
          `n,a=${saslName(user)},`,
          `host=${server.host}`,
          `port=${server.port}`,
          `auth=Bearer ${pass}`,
          '',
          '',
        ]
  let reply = await sendCommand(`AUTH ${mechanism} ${Buffer.from(said.join('\x01')).toString('base64')}`)
  const oauthError = reply.status === 334 ? decoded(reply.text) : null
  if (reply.status === 334) reply = await sendCommand(ANSWERS[mechanism])
  if (reply.status !== 235) throw Object.assign(new Error('The token was refused.'), { oauthError })
}

/** RFC 5801 §4. */
const saslName = (user: string): string => user.replaceAll('=', '=3D').replaceAll(',', '=2C')

function decoded(challenge: string): unknown {
  try {
    return JSON.parse(Buffer.from(challenge, 'base64').toString('utf8'))
  } catch {
    return null
  }
}
