import { createGmail, type GmailAdapter } from '@inlet/providers/gmail'
import type { GoogleConfig } from './env.ts'

/** The adapter with what the environment says; what it does not say keeps the adapter's defaults (Google's own). */
export function openGmail(google: GoogleConfig): GmailAdapter {
  const given = {
    clientId: google.clientId,
    clientSecret: google.clientSecret,
    pubsubTopic: google.topic,
    pushAudience: google.pushAudience,
    pushServiceAccount: google.pushServiceAccount,
    unitsPerMinute: google.unitsPerMinute,
    gmailBaseUrl: google.gmailBaseUrl,
    oauthBaseUrl: google.oauthBaseUrl,
    tokenUrl: google.tokenUrl,
    certsUrl: google.certsUrl,
  }
  return createGmail(withoutUndefined(given))
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
