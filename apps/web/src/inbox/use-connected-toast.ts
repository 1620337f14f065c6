'use client'

import { useEffect } from 'react'
import { toast } from 'sonner'

/** The provider's consent page returns to /?connected=<address>: said once, then out of the address bar. */
export function useConnectedToast() {
  useEffect(() => {
    const url = new URL(window.location.href)
    const email = url.searchParams.get('connected')
    if (!email) return
    url.searchParams.delete('connected')
    window.history.replaceState(null, '', url.pathname + url.search)
    toast.success(`${email} is connected`, {
      id: 'connected',
      description: 'Its mail is being copied, newest first.',
    })
  }, [])
}
