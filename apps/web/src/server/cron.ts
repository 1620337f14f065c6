import { timingSafeEqual } from 'node:crypto'
import type { Call } from './route.ts'
import { ApiError, json, openRoute } from './route.ts'

/** A route that a platform's scheduler calls with `Authorization: Bearer CRON_SECRET`. */
export function cronRoute(work: (call: Call) => Promise<object>) {
  return openRoute(async call => {
    const secret = call.runtime.config.cronSecret
    if (!secret) throw new ApiError('unavailable', 'Set CRON_SECRET to use the cron routes.')
    const given = Buffer.from(call.request.headers.get('authorization') ?? '')
    const wanted = Buffer.from(`Bearer ${secret}`)
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
      throw new ApiError('unauthorized', 'This route needs the bearer CRON_SECRET.')
    return json(await work(call))
  })
}
