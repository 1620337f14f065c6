import { createGraph, type GraphAdapter } from '@inlet/providers/graph'
import type { MicrosoftConfig } from './env.ts'
import { withoutUndefined } from './without-undefined.ts'

/** The adapter with what the environment says; what it does not say keeps the adapter's defaults (Microsoft's own). */
export function openGraph(microsoft: MicrosoftConfig): GraphAdapter {
  const { callbackUrl: _, ...given } = microsoft
  return createGraph(withoutUndefined(given))
}
