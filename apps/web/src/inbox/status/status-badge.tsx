'use client'

import { useAccounts } from '@inlet/client/react'
import type { Account } from '@inlet/protocol/entities'
import { RefreshCw } from 'lucide-react'
import { Popover } from 'radix-ui'
import { Button, buttonClass } from '@/ui/button.tsx'
import { ago, clock } from '@/ui/format.ts'
import { useMedia } from '@/ui/use-media.ts'
import { useNow } from '@/ui/use-now.ts'
import { AccountFacts, AccountProgress } from './account-facts.tsx'
import { ReconnectLink } from './reconnect-link.tsx'
import { StatusDot } from './status-dot.tsx'
import { stateName, statusSentence } from './status-text.ts'
import { stateDot } from './tone.ts'
import { useSyncNow } from './use-sync-now.ts'

/** An account's state and last sync; opens the details. */
export function StatusBadge({ accountId, email }: { accountId: string; email: string }) {
  const wide = useMedia('(min-width: 768px)')
  return (
    <Popover.Root>
      <Popover.Trigger className="flex h-6 max-w-full items-center rounded text-2xs text-faint hover:text-text">
        <span className="sr-only">{email}: </span>
        <BadgeLine id={accountId} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          side={wide ? 'right' : 'bottom'}
          align="start"
          aria-label={`Status of ${email}`}
          sideOffset={12}
          collisionPadding={12}
          className="z-50 w-80 max-w-[calc(100vw-24px)] animate-pop-in rounded-xl border border-line bg-raised p-4 shadow-float"
        >
          <Details id={accountId} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

const useAccount = (id: string): Account | undefined => useAccounts(all => all.find(each => each.id === id))

function BadgeLine({ id }: { id: string }) {
  const account = useAccount(id)
  const now = useNow('second')
  if (!account) return null
  return (
    // Not on the trigger itself: Radix says open or closed in its data-state.
    <span
      data-testid="status-badge"
      data-state={account.status.state}
      data-reason={account.status.reason ?? undefined}
      className="flex min-w-0 items-center gap-1.5"
    >
      <StatusDot color={stateDot(account)} busy={account.progress !== null} />
      <span className="truncate">
        {stateName[account.status.state]}
        {account.lastSyncAt === null ? ', not synced yet' : `, synced ${ago(account.lastSyncAt, now)}`}
      </span>
    </span>
  )
}

function Details({ id }: { id: string }) {
  const account = useAccount(id)
  const now = useNow('second')
  const { busy, sync } = useSyncNow()
  if (!account) return null
  const { state, since } = account.status
  return (
    <>
      <div className="flex items-center gap-2">
        <StatusDot color={stateDot(account)} />
        <span className="font-medium">{stateName[state]}</span>
        <span className="text-xs text-faint">since {clock(since, now)}</span>
      </div>
      <p className="mt-1.5 text-muted">{statusSentence(account, now)}</p>
      <AccountProgress account={account} className="mt-3" />
      <div className="my-3 h-px bg-line" />
      <AccountFacts account={account} now={now} />
      <div className="mt-3 flex gap-2">
        {state === 'disconnected' && account.status.reason === 'reconnect_needed' ? (
          <ReconnectLink account={account} />
        ) : (
          <Button size="sm" disabled={busy} onClick={() => void sync(account.id)}>
            <RefreshCw className="size-3.5" aria-hidden />
            Sync now
          </Button>
        )}
        <a href="/settings" className={buttonClass({ kind: 'quiet', size: 'sm' })}>
          Settings
        </a>
      </div>
    </>
  )
}
