'use client'

import type { Account } from '@inlet/protocol/entities'
import { SyncHistoryResponse, type SyncRun } from '@inlet/protocol/sync-api'
import { cx } from '@/ui/cx.ts'
import { clock, count, fullTime } from '@/ui/format.ts'
import { Skeleton } from '@/ui/skeleton.tsx'
import { useNow } from '@/ui/use-now.ts'
import { useFetched } from './use-fetched.ts'

const kinds: Record<SyncRun['kind'], string> = {
  live: 'Live',
  backfill: 'Backfill',
  resync: 'Resync',
  reconcile: 'Comparison',
  items: 'Failed items',
}
const outcomes: Record<SyncRun['outcome'], { text: string; tone: string }> = {
  running: { text: 'Running', tone: 'text-accent' },
  done: { text: 'Done', tone: 'text-muted' },
  failed: { text: 'Failed', tone: 'text-bad-text' },
  stale: { text: 'Superseded', tone: 'text-faint' },
}

function took({ startedAt, endedAt }: SyncRun): string {
  if (endedAt === null) return ''
  const ms = endedAt - startedAt
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** Past runs, newest first. Asked again when an account has synced. */
export function SyncHistory({ accounts }: { accounts: readonly Account[] }) {
  const now = useNow('halfMinute')
  const lastSync = accounts.map(account => account.lastSyncAt).join()
  const { value, error } = useFetched('/api/sync/history?limit=25', SyncHistoryResponse, lastSync)
  if (error && !value) return <p className="text-bad-text">{error}</p>
  if (!value) {
    return (
      <div className="space-y-4 py-2">
        {['w-full', 'w-11/12', 'w-full'].map((width, index) => (
          <Skeleton key={`${width}-${index > 0}`} className={width} />
        ))}
      </div>
    )
  }
  if (value.runs.length === 0)
    return <p className="text-muted">Every sync appears here, with what it found.</p>
  const emailOf = (id: string) => accounts.find(account => account.id === id)?.email ?? 'disconnected'
  const head = 'border-b border-line py-1.5 pr-4 text-left text-xs font-medium text-faint'
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table must scroll by keyboard too.
    <section className="overflow-x-auto" tabIndex={0} aria-label="Runs">
      <table className="w-full whitespace-nowrap">
        <thead>
          <tr>
            <th className={head}>Started</th>
            {accounts.length > 1 ? <th className={head}>Account</th> : null}
            <th className={head}>What</th>
            <th className={head}>Rung by</th>
            <th className={cx(head, 'text-right')}>Changed</th>
            <th className={cx(head, 'text-right')}>Deleted</th>
            <th className={cx(head, 'text-right')}>Took</th>
            <th className={cx(head, 'pr-0')}>Outcome</th>
          </tr>
        </thead>
        <tbody>
          {value.runs.map(run => (
            <tr
              key={run.id}
              data-testid="sync-run"
              className="border-b border-line last:border-b-0 [&>td]:py-1.5 [&>td]:pr-4"
            >
              <td title={fullTime(run.startedAt)}>{clock(run.startedAt, now)}</td>
              {accounts.length > 1 ? (
                <td className="max-w-48 truncate text-muted">{emailOf(run.accountId)}</td>
              ) : null}
              <td>{kinds[run.kind]}</td>
              <td className="text-muted">{run.trigger}</td>
              <td className="text-right">{count(run.upserts)}</td>
              <td className="text-right">{count(run.deletions)}</td>
              <td className="text-right text-muted">{took(run)}</td>
              <td className="max-w-64 truncate pr-0!" title={run.error ?? undefined}>
                <span className={outcomes[run.outcome].tone}>{outcomes[run.outcome].text}</span>
                {run.error ? <span className="text-faint">: {run.error}</span> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
