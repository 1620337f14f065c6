'use client'

import type { Account } from '@inlet/protocol/entities'
import { useState } from 'react'
import { toast } from 'sonner'
import { AccountMark } from '@/inbox/account-mark.tsx'
import { AccountFacts, AccountProgress } from '@/inbox/status/account-facts.tsx'
import { ReconnectLink } from '@/inbox/status/reconnect-link.tsx'
import { StatusDot } from '@/inbox/status/status-dot.tsx'
import { announces, providerName, stateName, statusSentence } from '@/inbox/status/status-text.ts'
import { stateDot } from '@/inbox/status/tone.ts'
import { useSyncNow } from '@/inbox/status/use-sync-now.ts'
import { Button } from '@/ui/button.tsx'
import { Confirm } from '@/ui/confirm.tsx'
import { clock } from '@/ui/format.ts'
import { useNow } from '@/ui/use-now.ts'
import { act } from './api.ts'

export function AccountCard({ account }: { account: Account }) {
  const now = useNow('second')
  const { busy: syncing, sync } = useSyncNow()
  const [busy, setBusy] = useState(false)
  const path = `/api/accounts/${encodeURIComponent(account.id)}`
  const { reason, state } = account.status
  const stopped = reason === 'stopped'

  const run = async (method: 'POST' | 'DELETE', to: string, done: string) => {
    setBusy(true)
    try {
      await act(method, to)
      toast.success(done)
    } catch (error) {
      toast.error(error instanceof Error ? error.message : 'That did not work.')
    } finally {
      setBusy(false)
    }
  }

  return (
    <article
      aria-label={account.email}
      data-account-id={account.id}
      className="border-t border-line py-5 first:border-t-0 first:pt-1"
    >
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h3 className="flex items-center gap-2 font-semibold [overflow-wrap:anywhere]">
          <AccountMark account={account} />
          {account.email}
        </h3>
        <span className="text-xs text-faint">
          {providerName(account.provider)}, connected since {clock(account.createdAt, now)}
        </span>
      </div>
      <div className="mt-2 grid gap-x-10 gap-y-3 md:grid-cols-2">
        <div>
          <p className="flex items-center gap-2">
            <StatusDot color={stateDot(account)} />
            <span className="font-medium">{stateName[state]}</span>
          </p>
          <p className="mt-1 text-muted">{statusSentence(account, now)}</p>
          <AccountProgress account={account} className="mt-3 max-w-72" />
        </div>
        <AccountFacts account={account} now={now} />
      </div>
      <div className="mt-4 flex flex-wrap gap-2">
        {reason === 'reconnect_needed' ? <ReconnectLink account={account} /> : null}
        {stopped ? (
          <Button
            size="sm"
            kind="primary"
            disabled={busy}
            onClick={() => void run('POST', `${path}/start`, 'Live sync is on')}
          >
            Start live sync
          </Button>
        ) : (
          <>
            <Button size="sm" disabled={busy || syncing} onClick={() => void sync(account.id)}>
              Sync now
            </Button>
            {announces(account) ? (
              <Button
                size="sm"
                disabled={busy}
                onClick={() => void run('POST', `${path}/watch`, 'Announcements are registered anew')}
              >
                Renew announcements
              </Button>
            ) : null}
            <Button
              size="sm"
              disabled={busy || account.progress !== null}
              onClick={() => void run('POST', `${path}/backfill`, 'Comparing the whole mailbox')}
            >
              Compare everything
            </Button>
            <Button
              size="sm"
              disabled={busy}
              onClick={() => void run('POST', `${path}/stop`, 'Live sync is off')}
            >
              Stop live sync
            </Button>
          </>
        )}
        <span className="flex-1" />
        <Confirm
          title={`Disconnect ${account.email}?`}
          description="Inlet deletes its copy of this account's mail and gives the access back. The mail at the provider is not touched."
          action="Disconnect"
          onConfirm={() => void run('DELETE', path, `${account.email} is disconnected`)}
        >
          <Button size="sm" kind="danger" disabled={busy}>
            Disconnect
          </Button>
        </Confirm>
      </div>
    </article>
  )
}
