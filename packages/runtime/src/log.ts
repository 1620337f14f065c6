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

/** JSON lines to standard output, or to `stream`. */
export function createLog(level: string, stream: NodeJS.WritableStream = process.stdout): Log {
  const paths = SECRETS.flatMap(name => [name, `*.${name}`, `*.*.${name}`])
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '[secret]' } },
    stream,
  )
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  }
}
