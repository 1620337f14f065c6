import type { DirectRoutes } from './direct.ts'

/**
 * Our own HTTP server, which stands in front of Next wherever we start the process ourselves (apps/web/server). It is
 * plain Node, this code is in Next's bundle: the two meet on globalThis. Absent on Vercel and in `next dev`.
 */
export type Front = {
  /** The routes that it is to answer itself, once the one runtime of the process stands; or why there is none. */
  routes: PromiseWithResolvers<DirectRoutes>
  /** Callers reach it: from then on a provider that is given our address gets an answer there. */
  listening: Promise<void>
  /** Takes no more connections. Resolves when every request is answered and every stream has ended. */
  close(): Promise<void>
}

const place = globalThis as typeof globalThis & { inletFront?: Front }

export const getFront = (): Front | null => place.inletFront ?? null
export function setFront(front: Front): void {
  place.inletFront = front
}
