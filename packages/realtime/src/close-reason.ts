/**
 * Why a stream ended, as counted in the hub's metrics.
 * - gone: the reader left. planned: its lifetime was over. superseded: the user opened too many.
 * - signed_out: the session ended. unverified: the session could not be checked for too long.
 * - stuck: the reader took nothing for too long. shutdown: this process is ending.
 */
export const closeReasons = [
  'gone',
  'planned',
  'superseded',
  'signed_out',
  'unverified',
  'stuck',
  'shutdown',
] as const
export type CloseReason = (typeof closeReasons)[number]
