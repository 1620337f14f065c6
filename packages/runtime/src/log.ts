import type { Log } from '@inlet/sync/engine'
import pino from 'pino'

/** Names under which a secret could ever be logged. Values are censored wherever they stand, two levels deep (I12). */
const SECRETS = [
  'accessToken',
  'refreshToken',
  'access_token',
  'refresh_token',
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'grant',
]

export function createLog(level: string): Log {
  const paths = SECRETS.flatMap(name => [name, `*.${name}`, `*.*.${name}`])
  const log = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths, censor: '[secret]' },
  })
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  }
}
