'use client'

import { useEmailUpdates } from '@inlet/client/react'
import { Hint } from '@/ui/hint.tsx'
import { useNow } from '@/ui/use-now.ts'
import { connectionDetails, phaseName } from './connection-text.ts'
import { StatusDot } from './status-dot.tsx'
import { phaseDot } from './tone.ts'

export function StreamBadge() {
  const state = useEmailUpdates()
  const now = useNow('second')
  const waiting = state.phase === 'starting' || state.phase === 'connecting'
  return (
    <Hint label={connectionDetails(state, now)}>
      <button
        type="button"
        data-testid="stream-badge"
        data-phase={state.phase}
        className="inline-flex h-6 items-center gap-1.5 rounded-full px-2 text-xs text-muted hover:bg-hover"
      >
        <StatusDot color={phaseDot[state.phase]} busy={waiting} />
        {phaseName[state.phase]}
      </button>
    </Hint>
  )
}
