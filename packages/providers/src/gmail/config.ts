import { BUDGET_2026, type QuotaTable, tableFor } from './quota.ts'

/** What the runtime gives. Every address is configuration, so that an emulator can stand in for Google. */
export type GmailConfig = {
  clientId: string
  clientSecret: string
  /** `projects/P/topics/T`; null: no doorbell, the engine polls. */
  pubsubTopic?: string | null
  /** Audience of the push subscription's OIDC token. Without it every push is refused. */
  pushAudience?: string | null
  /** E-mail of the service account that signs pushes. Without it every push is refused. */
  pushServiceAccount?: string | null
  /** Gmail API root. Default https://gmail.googleapis.com/ */
  gmailBaseUrl?: string
  /** Consent page root. Default https://accounts.google.com */
  oauthBaseUrl?: string
  /** Default https://oauth2.googleapis.com/token; revocation is `revoke` beside it. */
  tokenUrl?: string
  /** PEM certificates of Google's OIDC signatures. Default https://www.googleapis.com/oauth2/v1/certs */
  certsUrl?: string
  /** Budget per account; null: unlimited (an emulator). Default 6,000. */
  unitsPerMinute?: number | null
  /** What each call costs. Default: by the budget, the table of 2026 or the older one. */
  quota?: QuotaTable
  /** Requests of one account's `fetch` at a time. Default 8. */
  concurrency?: number
  /** Time limit of one request, ms. Default 30,000. */
  timeoutMs?: number
  /** Longest wait for the budget, ms. Default 60,000. */
  maxWaitMs?: number
}

export type GmailSettings = Required<GmailConfig>

export function withDefaults(config: GmailConfig): GmailSettings {
  return {
    pubsubTopic: null,
    pushAudience: null,
    pushServiceAccount: null,
    gmailBaseUrl: 'https://gmail.googleapis.com/',
    oauthBaseUrl: 'https://accounts.google.com',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    certsUrl: 'https://www.googleapis.com/oauth2/v1/certs',
    unitsPerMinute: BUDGET_2026,
    quota: tableFor(config.unitsPerMinute ?? null),
    concurrency: 8,
    timeoutMs: 30_000,
    maxWaitMs: 60_000,
    ...config,
  }
}
