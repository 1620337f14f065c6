'use client'

import { useMutate } from '@inlet/client/react'
import type { MessageView } from '@inlet/client/views'
import { useEffect, useRef } from 'react'

/** How long a conversation is looked at before it counts as read. */
const MOMENT_MS = 700

/** Marks the open conversation read. What a person marks unread again while it is open stays unread. */
export function useMarkRead(threadId: string, messages: readonly MessageView[]) {
  const mutate = useMutate()
  const marked = useRef<{ threadId: string; ids: Set<string> }>({ threadId, ids: new Set() })
  if (marked.current.threadId !== threadId) marked.current = { threadId, ids: new Set() }

  const unread = messages.filter(message => message.unread && !marked.current.ids.has(message.id))
  const key = unread.map(message => message.id).join(' ')
  useEffect(() => {
    if (!key) return
    const messageIds = key.split(' ').slice(0, 100)
    let timer: ReturnType<typeof setTimeout> | undefined
    const begin = () => {
      clearTimeout(timer)
      // A tab in the background reads nothing.
      if (document.visibilityState !== 'visible') return
      timer = setTimeout(() => {
        for (const id of messageIds) marked.current.ids.add(id)
        // Nothing is lost if it fails: the messages stay unread.
        mutate({ type: 'read', messageIds, read: true }).catch(() => {})
      }, MOMENT_MS)
    }
    begin()
    document.addEventListener('visibilitychange', begin)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', begin)
    }
  }, [key, mutate])
}
