import type { Account } from '@inlet/protocol/entities'
import type { ReactNode } from 'react'
import { ago, clock, count, plural } from '@/ui/format.ts'
import { ProgressBar } from '@/ui/progress-bar.tsx'
import { announces } from './status-text.ts'

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-6 py-1">
      <dt className="shrink-0 text-faint">{name}</dt>
      <dd className="text-right">{children}</dd>
    </div>
  )
}

const listingName = { backfill: 'Copying older mail', resync: 'Comparing all mail' } as const

export function AccountProgress({ account, className }: { account: Account; className?: string }) {
  const { progress } = account
  if (!progress) return null
  const name = listingName[progress.kind]
  return (
    <div className={className}>
      <ProgressBar done={progress.done} total={progress.total} label={name} />
      <p className="mt-1 text-2xs text-faint">
        {name}: {count(progress.done)}
        {progress.total === null ? '' : ` of ${count(progress.total)}`}
      </p>
    </div>
  )
}

/** Is it live, when was the last sync, is anything missing. */
export function AccountFacts({ account, now }: { account: Account; now: number }) {
  const { proof, watchExpiresAt } = account
  return (
    <dl className="text-xs">
      <Fact name="Last sync">{account.lastSyncAt === null ? 'not yet' : ago(account.lastSyncAt, now)}</Fact>
      {announces(account) ? (
        <Fact name="Last announcement">
          {account.lastPushAt === null ? 'none yet' : ago(account.lastPushAt, now)}
        </Fact>
      ) : null}
      <Fact name="Mirrored">
        {proof
          ? `${count(proof.stored)} of ${count(proof.provider)}, checked ${ago(proof.checkedAt, now)}`
          : 'not counted yet'}
      </Fact>
      {announces(account) ? (
        <Fact name="Live until">
          {watchExpiresAt === null
            ? 'no subscription'
            : watchExpiresAt < now
              ? `ended ${ago(watchExpiresAt, now)}`
              : `${clock(watchExpiresAt, now)}, renewed before`}
        </Fact>
      ) : null}
      <Fact name="Failed items">
        {account.failedItems === 0 ? (
          'none'
        ) : (
          <a href="/settings#failed-items" className="text-warn-text underline underline-offset-2">
            {plural(account.failedItems, 'message')}
          </a>
        )}
      </Fact>
    </dl>
  )
}
