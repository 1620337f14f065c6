import { readFileSync } from 'node:fs'
import { MailServer } from '@inlet/protocol/imap-api'
import type { ImapOAuth } from '@inlet/providers/imap/oauth'
import * as z from 'zod'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** Secrets and tokens go there. */
const address = z.url().refine(isSafe, 'must be https (http only on this machine)')

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
}

const host = z.string().trim().toLowerCase().min(1)
const server = MailServer.extend({ host })

/** Set for each request; what is configured must not replace it. */
const OURS = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
]

const Provider = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be of small letters, digits and hyphens'),
  name: z.string().trim().min(1).max(60),
  domains: z.array(host).default([]),
  hosts: z.array(host).default([]),
  imap: server,
  smtp: server.nullable().default(null),
  authorizeUrl: address,
  tokenUrl: address,
  revokeUrl: address.nullable().default(null),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1).nullable().default(null),
  clientAuthentication: z.enum(['post', 'basic']).default('post'),
  scopes: z.array(z.string().regex(/^\S+$/, 'must be one scope, without spaces')).min(1),
  authorizeParameters: z
    .record(z.string(), z.string())
    .refine(given => !OURS.some(name => name in given), `must not contain ${OURS.join(', ')}`)
    .default({}),
  passwords: z.boolean().default(true),
})

const File = z.array(Provider).superRefine((providers, context) => {
  const once = (field: 'id' | 'domains') => {
    const seen = new Set<string>()
    providers.forEach((provider, at) => {
      for (const value of [provider[field]].flat()) {
        if (seen.has(value))
          context.addIssue({ code: 'custom', path: [at, field], message: `"${value}" is taken already` })
        seen.add(value)
      }
    })
  }
  once('id')
  once('domains')
})

/** The mail providers with a consent page, from a JSON file (docs/providers/imap.md). Throws with every problem at once, and with nothing of what it holds. */
export function readImapOAuth(file: string): ImapOAuth[] {
  const wrong = (what: string) => new Error(`INLET_IMAP_OAUTH: ${file} ${what}`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  const parsed = File.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`,
  )
  throw wrong(`is not valid:\n${problems.join('\n')}\nSee docs/providers/imap.md.`)
}

/** What is no JSON is no list either. The parser's own message would quote it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return 'no JSON'
  }
}
