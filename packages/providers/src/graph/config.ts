/** What the runtime gives. Every address is configuration, so that an emulator can stand in for Microsoft. */
export type GraphConfig = {
  clientId: string
  clientSecret: string
  /** `common` (default), `organizations`, `consumers`, or one directory's id. */
  tenant?: string
  /** Graph's root. Links in its answers are followed to this host only. Default https://graph.microsoft.com/ */
  graphBaseUrl?: string
  /** Sign-in and token root. Default https://login.microsoftonline.com */
  loginBaseUrl?: string
  /** Requests a minute and account, those in a batch counted one by one; null: unlimited (an emulator). Default 1,000. */
  requestsPerMinute?: number | null
  /** Requests of one account at a time; more are refused as too fast. Default 4. */
  concurrency?: number
  /** Time limit of one request, ms. Default 30,000. */
  timeoutMs?: number
  /** Longest wait for the budget, ms. Default 60,000. */
  maxWaitMs?: number
}

export type GraphSettings = Required<GraphConfig>

export function withDefaults(config: GraphConfig): GraphSettings {
  return {
    tenant: 'common',
    graphBaseUrl: 'https://graph.microsoft.com/',
    loginBaseUrl: 'https://login.microsoftonline.com',
    // Outlook's limit is 10,000 in ten minutes for one app and mailbox.
    requestsPerMinute: 1_000,
    concurrency: 4,
    timeoutMs: 30_000,
    maxWaitMs: 60_000,
    ...config,
  }
}
