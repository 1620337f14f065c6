'use client'

import { useEmailUpdates } from '@inlet/client/react'
import { count } from '@/ui/format.ts'
import { ProgressBar } from '@/ui/progress-bar.tsx'

/** While this browser's own copy fills; the account's backfill shows in the rail. */
export function FillProgress() {
  const fill = useEmailUpdates(state => state.fill)
  // A small mailbox is here before a bar could be read.
  if (!fill.running || (fill.total !== null && fill.total < 500)) return null
  return (
    <div className="flex shrink-0 items-center gap-3 px-5 pb-2 text-2xs text-faint">
      <ProgressBar
        done={fill.done}
        total={fill.total}
        label="Filling this browser's copy"
        className="flex-1"
      />
      {count(fill.done)}
      {fill.total === null ? '' : ` of ${count(fill.total)}`}
    </div>
  )
}
