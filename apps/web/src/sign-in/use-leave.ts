'use client'

import { useSignOut } from '@inlet/client/react'
import { useCallback } from 'react'
import { toast } from 'sonner'

/**
 * Signs out. The session ends first: if that fails, the local copy stays and the person is still signed in.
 * Then every tab's local mail is deleted.
 */
export function useLeave(): () => Promise<void> {
  const clear = useSignOut()
  return useCallback(async () => {
    try {
      const answer = await fetch('/api/auth/sign-out', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
        signal: AbortSignal.timeout(15_000),
      })
      if (!answer.ok && answer.status !== 401) throw new Error(`status ${answer.status}`)
      await clear()
      window.location.assign('/sign-in')
    } catch {
      toast.error('Signing out did not work: the server could not be reached. Try again.')
    }
  }, [clear])
}
