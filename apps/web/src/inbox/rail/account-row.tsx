import { useAccounts, useUnreadCounts } from '@inlet/client/react'
import type { Account } from '@inlet/protocol/entities'
import type { ReactNode } from 'react'
import { cx } from '@/ui/cx.ts'
import { count } from '@/ui/format.ts'
import { AccountMark, type AccountRef } from '../account-mark.tsx'
import { AccountProgress } from '../status/account-facts.tsx'
import { AccountProof } from '../status/account-proof.tsx'
import { StatusBadge } from '../status/status-badge.tsx'

export function AccountRow({
  account,
  counted,
  current,
  href,
  onGo,
}: {
  account: AccountRef
  /** Whether its unread mail is told. */
  counted: boolean
  current: boolean
  href: string
  onGo(): void
}) {
  return (
    <div
      data-testid="account-row"
      data-account-id={account.id}
      className={cx('rounded-md px-2 py-1', current && 'bg-selected')}
    >
      <a
        href={href}
        aria-current={current ? 'true' : undefined}
        onClick={event => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          onGo()
        }}
        className="-mb-1 flex h-6 items-center gap-2 rounded hover:text-accent"
        title={account.email}
      >
        <AccountMark account={account} />
        <span className="min-w-0 flex-1 truncate">{account.email}</span>
        {counted ? <Unread accountId={account.id} /> : null}
      </a>
      <StatusBadge accountId={account.id} email={account.email} />
      <Live id={account.id}>{now => <AccountProof account={now} brief />}</Live>
      <Live id={account.id}>
        {now =>
          // A comparison is routine: it shows where one looks for it, in settings.
          now.progress?.kind === 'reconcile' ? null : <AccountProgress account={now} className="mt-1" />
        }
      </Live>
    </div>
  )
}

function Unread({ accountId }: { accountId: string }) {
  const unread = useUnreadCounts(({ accounts }) => accounts[accountId] ?? 0)
  return unread > 0 ? <span className="text-2xs font-medium text-muted">{count(unread)}</span> : null
}

/** An account as it is now, where it shows: it changes with every sync. */
function Live({ id, children }: { id: string; children(account: Account): ReactNode }) {
  const account = useAccounts(all => all.find(each => each.id === id))
  return account ? children(account) : null
}
