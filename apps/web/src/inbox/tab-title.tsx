'use client'

import type { LabelView } from '@inlet/client/views'
import { useEffect } from 'react'
import { useViewUnread } from './use-view-unread.ts'
import type { View } from './view.ts'

/** The tab's title tells the unread count, wherever the person is. */
export function TabTitle({ name, view, labels }: { name: string; view: View; labels: readonly LabelView[] }) {
  const { inbox } = useViewUnread(view, labels)
  useEffect(() => {
    document.title = inbox > 0 ? `(${inbox}) ${name} · Inlet` : `${name} · Inlet`
  }, [name, inbox])
  return null
}
