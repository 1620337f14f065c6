'use client'

import type { Account } from '@inlet/protocol/entities'
import type { SyncStatusResponse } from '@inlet/protocol/sync-api'
import { clock, plural } from '@/ui/format.ts'
import { Skeleton } from '@/ui/skeleton.tsx'
import { useNow } from '@/ui/use-now.ts'
import type { Fetched } from './use-fetched.ts'

/** Messages that could not be fetched or read: why, and when they are tried again. */
export function FailedItems({
  accounts,
  status: { value, error },
}: {
  accounts: readonly Account[]
  status: Fetched<SyncStatusResponse>
}) {
  const now = useNow('halfMinute')
  if (error && !value) return <p className="text-bad-text">{error}</p>
  if (!value) return <Skeleton className="w-2/3" />
  if (value.failedItems.length === 0) {
    return <p className="text-muted">None. A message that cannot be fetched appears here with the cause.</p>
  }
  const emailOf = (id: string) => accounts.find(account => account.id === id)?.email ?? ''
  return (
    <ul className="divide-y divide-line border-y border-line">
      {value.failedItems.map(item => (
        <li key={item.id} data-testid="failed-item" className="py-2.5">
          <p className="[overflow-wrap:anywhere]">{item.message}</p>
          <p className="mt-0.5 text-xs text-faint">
            <span className="font-mono">{item.code}</span>
            {`, message ${item.providerId}`}
            {accounts.length > 1 ? ` of ${emailOf(item.accountId)}` : ''}
            {`, ${plural(item.attempts, 'try', 'tries')}, `}
            {item.nextAttemptAt === null ? 'not tried again' : `next ${clock(item.nextAttemptAt, now)}`}
          </p>
        </li>
      ))}
    </ul>
  )
}
