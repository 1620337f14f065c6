'use client'

import { useMirror, useSyncNow as useSyncRequest } from '@inlet/client/react'
import { useCallback, useState } from 'react'
import { toast } from 'sonner'
import { syncOutcome } from './sync-result.ts'

const TOAST = 'sync-now'

/** "Sync now": runs, and says in a toast what came of it. */
export function useSyncNow(): { busy: boolean; sync(accountId?: string): Promise<void> } {
  const mirror = useMirror()
  const syncNow = useSyncRequest()
  const [busy, setBusy] = useState(false)

  const sync = useCallback(
    async (accountId?: string) => {
      if (!mirror || busy) return
      setBusy(true)
      toast.loading('Syncing…', { id: TOAST })
      try {
        const filling = mirror.state.getSnapshot().fill.running
        const before = await mirror.db.messages.count()
        const response = await syncNow(accountId)
        // While the copy is still filling, its growth says nothing about new mail.
        const added = filling ? 0 : (await mirror.db.messages.count()) - before
        const { kind, text } = syncOutcome(response, added)
        toast[kind](text, { id: TOAST })
      } catch (error) {
        toast.error(error instanceof Error ? error.message : 'The sync failed.', { id: TOAST })
      } finally {
        setBusy(false)
      }
    },
    [mirror, busy, syncNow],
  )
  return { busy, sync }
}
