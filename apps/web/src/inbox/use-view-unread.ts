'use client'

import { useUnreadCounts } from '@inlet/client/react'
import type { LabelView, UnreadCounts } from '@inlet/client/views'
import { sameLabels } from './same-labels.ts'
import type { View } from './view.ts'

/** Unread messages in the view, and in the inboxes of the same accounts. */
export function useViewUnread(view: View, labels: readonly LabelView[]): { here: number; inbox: number } {
  return useUnreadCounts(unread => viewUnread(view, labels, unread))
}

function viewUnread(view: View, labels: readonly LabelView[], unread: UnreadCounts) {
  const own = labels.filter(label => !view.accountId || label.accountId === view.accountId)
  const sum = (wanted: (label: LabelView) => boolean) =>
    own.reduce((total, label) => total + (wanted(label) ? (unread.labels[label.id] ?? 0) : 0), 0)
  const inbox = sum(label => label.role === 'inbox')
  if (view.query) return { here: 0, inbox }
  if (view.labelId) {
    const shown = sameLabels(own, view.labelId, view.accountId)
    return { here: sum(label => shown.includes(label)), inbox }
  }
  return { here: view.role ? sum(label => label.role === view.role) : 0, inbox }
}
