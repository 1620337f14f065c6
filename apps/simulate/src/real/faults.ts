import type { Kind } from './plan.ts'

type Fault = { kind: string; match?: object; [more: string]: unknown }

/** The sandbox's request for each fault of a plan. */
export const FAULTS = {
  gmail: {
    unavailable: { kind: 'status', status: 503 },
    serverError: { kind: 'status', status: 500 },
    tooMany: { kind: 'status', status: 429, retryAfter: 1 },
    tooManyInWords: { kind: 'status', status: 403, reason: 'userRateLimitExceeded' },
    reset: { kind: 'reset' },
    truncate: { kind: 'truncate' },
    late: { kind: 'delay', ms: 800 },
    trickle: { kind: 'slow', ms: 600 },
    hang: { kind: 'hang', count: 1 },
    unauthorized: { kind: 'status', status: 401 },
    forbidden: { kind: 'status', status: 403, reason: 'domainPolicy' },
    emptyHistoryPage: { kind: 'history.empty-page', count: 2 },
    rotate: { kind: 'oauth.rotate' },
    pushLost: { kind: 'push.drop' },
    pushTwice: { kind: 'push.double' },
    pushLate: { kind: 'push.delay', ms: 1_500 },
    pushReordered: { kind: 'push.reorder', count: 2 },
    pushForged: { kind: 'push.token', variant: 'key', count: 3 },
    excessDropped: { kind: 'watch.drop-excess' },
    watchSilent: { kind: 'watch.silent' },
  },
  outlook: {
    unavailable: { kind: 'status', status: 503 },
    serverError: { kind: 'status', status: 500 },
    tooMany: { kind: 'status', status: 429, retryAfter: 1 },
    reset: { kind: 'reset' },
    truncate: { kind: 'truncate' },
    late: { kind: 'delay', ms: 800 },
    trickle: { kind: 'slow', ms: 600 },
    hang: { kind: 'hang', count: 1 },
    answerLost: { kind: 'lost', count: 3 },
    unauthorized: { kind: 'status', status: 401 },
    forbidden: { kind: 'status', status: 403, reason: 'ErrorAccessDenied' },
    linkExpired: { kind: 'delta.gone', count: 2 },
    emptyDeltaPage: { kind: 'delta.empty-page', count: 2 },
    repeated: { kind: 'delta.repeat' },
    returnUntold: { kind: 'delta.miss-return' },
    sendLag: { kind: 'send.lag', ms: 1_500 },
    pushLost: { kind: 'push.drop' },
    pushTwice: { kind: 'push.double' },
    pushLate: { kind: 'push.delay', ms: 1_500 },
    pushReordered: { kind: 'push.reorder', count: 2 },
    watchSilent: { kind: 'watch.silent' },
  },
  imap: {
    sendingRefused: { kind: 'smtp.refuse', match: { method: 'DATA' } },
    sendingForbidden: { kind: 'smtp.refuse', status: 550, match: { method: 'DATA' } },
  },
} as const satisfies Record<Kind, Record<string, Fault>>

export type ProviderFault = { [K in Kind]: keyof (typeof FAULTS)[K] }[Kind]
