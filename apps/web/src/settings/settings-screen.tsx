'use client'

import { useAccounts } from '@inlet/client/react'
import { SyncStatusResponse } from '@inlet/protocol/sync-api'
import { LogOut, Plus } from 'lucide-react'
import Link from 'next/link'
import type { RailUser } from '@/inbox/rail/user-menu.tsx'
import { useLeave } from '@/sign-in/use-leave.ts'
import { ThemeSwitch } from '@/theme/theme-switch.tsx'
import { Button, buttonClass } from '@/ui/button.tsx'
import { Skeleton } from '@/ui/skeleton.tsx'
import { AccountCard } from './account-card.tsx'
import { FailedItems } from './failed-items.tsx'
import { PageFrame, Section } from './page-frame.tsx'
import { SyncHistory } from './sync-history.tsx'
import { useFetched } from './use-fetched.ts'

export function SettingsScreen({ user }: { user: RailUser }) {
  const { accounts, loading } = useAccounts()
  const leave = useLeave()
  const failed = accounts.reduce((sum, account) => sum + account.failedItems, 0)
  const status = useFetched('/api/sync/status', SyncStatusResponse, failed)
  const listeningSince = (id: string) =>
    status.value?.attended.find(({ accountId }) => accountId === id)?.since ?? null
  return (
    <PageFrame title="Settings">
      <Section title="Accounts">
        {loading ? (
          <div className="space-y-4 py-2">
            <Skeleton className="w-48" />
            <Skeleton className="w-full" />
            <Skeleton className="w-2/3" />
          </div>
        ) : accounts.length === 0 ? (
          <p className="text-muted">
            No account is connected yet. Connect one, and its mail appears in the inbox.
          </p>
        ) : (
          accounts.map(account => (
            <AccountCard key={account.id} account={account} listeningSince={listeningSince(account.id)} />
          ))
        )}
        <Link href="/connect" className={buttonClass({ size: 'sm' }, 'mt-3')}>
          <Plus className="size-3.5" aria-hidden />
          Connect an account
        </Link>
      </Section>
      <Section
        id="failed-items"
        title="Failed items"
        note="Nothing is skipped in silence: these are tried again."
      >
        <FailedItems accounts={accounts} status={status} />
      </Section>
      <Section title="Sync history" note="The last 25 runs.">
        <SyncHistory accounts={accounts} />
      </Section>
      <Section title="Theme">
        <ThemeSwitch />
      </Section>
      <Section title="Signed in">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p>
            {user.name} <span className="text-faint">{user.email}</span>
          </p>
          <Button size="sm" onClick={() => void leave()}>
            <LogOut className="size-3.5" aria-hidden />
            Sign out
          </Button>
        </div>
        <p className="mt-1 text-xs text-faint">Signing out deletes the mail that this browser keeps.</p>
      </Section>
    </PageFrame>
  )
}
