'use client'

import type { Account } from '@inlet/protocol/entities'
import { type Reconciliation, ReconciliationsResponse } from '@inlet/protocol/sync-api'
import { useState } from 'react'
import { foundText } from '@/inbox/status/status-text.ts'
import { clock, count, fullTime } from '@/ui/format.ts'
import { Skeleton } from '@/ui/skeleton.tsx'
import { useNow } from '@/ui/use-now.ts'
import { useFetched } from './use-fetched.ts'

const triggers: Record<Reconciliation['trigger'], string> = {
  nightly: 'every night',
  person: 'on request',
  counts: 'because the counts disagreed',
}

/** On request the comparisons with the provider, and what they found. */
export function Comparisons({ account }: { account: Account }) {
  const now = useNow('halfMinute')
  const [open, setOpen] = useState(false)
  if (!account.proof?.compared) return null
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)} className="mt-3 text-xs">
      <summary className="w-fit cursor-default rounded text-faint hover:text-text">Past comparisons</summary>
      {open ? <List account={account} now={now} /> : null}
    </details>
  )
}

function List({ account, now }: { account: Account; now: number }) {
  const path = `/api/accounts/${encodeURIComponent(account.id)}/reconciliations`
  const key = `${account.proof?.compared?.at} ${account.progress?.kind}`
  const { value, error } = useFetched(path, ReconciliationsResponse, key)
  if (error && !value) return <p className="mt-1 text-bad-text">{error}</p>
  if (!value) return <Skeleton className="mt-2 w-2/3" />
  if (value.reconciliations.length === 0)
    return <p className="mt-1 text-muted">None yet. Every night each id is compared with the provider's.</p>
  return (
    <ul className="mt-1 divide-y divide-line border-y border-line">
      {value.reconciliations.map(each => (
        <li key={each.id} data-testid="comparison" className="py-1.5">
          <p>
            <span title={fullTime(each.startedAt)}>{clock(each.startedAt, now)}</span>
            <span className="text-faint">, {triggers[each.trigger]}: </span>
            {outcomeText(each)}
          </p>
          {each.resources.length > 1 || each.resources.some(({ name }) => name !== 'Mailbox')
            ? each.resources.map(found => (
                <p key={found.name} className="text-faint [overflow-wrap:anywhere]">
                  {found.name}: {foundText(found)}
                </p>
              ))
            : null}
        </li>
      ))}
    </ul>
  )
}

function outcomeText(each: Reconciliation): string {
  if (each.outcome === 'running') return 'under way'
  if (each.outcome === 'interrupted')
    return `not finished, since older history had to be walked again; until then ${foundText(each)}`
  return `${count(each.stored)} here, ${count(each.provider)} at the provider, ${foundText(each)}`
}
