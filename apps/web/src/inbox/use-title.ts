'use client'

import { useEffect } from 'react'

/** The tab's title tells the unread count, wherever the person is. */
export function useTitle(name: string, unread: number) {
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${name} · Inlet` : `${name} · Inlet`
  }, [name, unread])
}
