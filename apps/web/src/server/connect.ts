import type { Runtime } from '@inlet/runtime/compose'

export const CONNECT_COOKIE = 'inlet_connect'
/** Time to read a consent page. */
export const CONNECT_TTL_S = 15 * 60

export const callbackUrl = (runtime: Runtime): string =>
  `${runtime.config.baseUrl}/api/accounts/callback/gmail`
