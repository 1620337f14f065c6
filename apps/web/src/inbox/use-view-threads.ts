'use client'

import { useSearch, useThreads } from '@inlet/client/react'
import type { LabelView, ThreadsQuery } from '@inlet/client/views'
import { useMemo } from 'react'
import { sameLabels } from './same-labels.ts'
import { searchRows } from './search-rows.ts'
import type { View } from './view.ts'

const nothingMore = () => {}

/** The rows of a view: a live list of the mirror, or what the server found. */
export function useViewThreads(view: View, labels: readonly LabelView[], unreadOnly: boolean) {
  const labelIds = sameLabels(labels, view.labelId, view.accountId)
    .map(label => label.id)
    .join(' ')
  const query: ThreadsQuery = useMemo(
    () => ({
      ...(view.labelId
        ? { labelIds: labelIds ? labelIds.split(' ') : [view.labelId] }
        : view.role
          ? { role: view.role }
          : {}),
      ...(view.accountId ? { accountId: view.accountId } : {}),
      ...(unreadOnly ? { unreadOnly } : {}),
    }),
    [view.labelId, labelIds, view.role, view.accountId, unreadOnly],
  )
  const list = useThreads(query)
  const found = useSearch(view.query, view.accountId ? { accountId: view.accountId } : undefined)
  const { status, threads, messages, error, retry } = found
  const rows = useMemo(() => searchRows({ threads, messages }), [threads, messages])
  if (!view.query) return { ...list, retry: list.loadMore }
  return {
    threads: rows,
    more: false,
    loadMore: nothingMore,
    loading: (status === 'loading' || status === 'idle') && rows.length === 0,
    loadingMore: false,
    error,
    retry,
  }
}
