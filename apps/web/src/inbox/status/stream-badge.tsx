'use client'

import { useEmailUpdates } from '@inlet/client/react'
import { Hint } from '@/ui/hint.tsx'
import { useNow } from '@/ui/use-now.ts'
import { connectionDetails, phaseName } from './connection-text.ts'
import { StatusDot } from './status-dot.tsx'
import { phaseDot } from './tone.ts'

export function StreamBadge() {
  const phase = useEmailUpdates(state => state.phase)
  const waiting = phase === 'starting' || phase === 'connecting'
  return (
    <Hint label={<Details />}>
      <button
        type="button"
        data-testid="stream-badge"
        data-phase={phase}
        className="inline-flex h-6 items-center gap-1.5 rounded-full px-2 text-xs text-muted hover:bg-hover"
      >
        <StatusDot color={phaseDot[phase]} busy={waiting} />
        {phaseName[phase]}
      </button>
    </Hint>
  )
}

/** Only while the tooltip is open: it changes with every byte that is heard. */
function Details() {
  return connectionDetails(useEmailUpdates(), useNow('second'))
}
