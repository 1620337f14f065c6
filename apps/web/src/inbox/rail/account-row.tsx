import type { Account } from '@inlet/protocol/entities'
import { cx } from '@/ui/cx.ts'
import { count } from '@/ui/format.ts'
import { AccountProgress } from '../status/account-facts.tsx'
import { AccountProof } from '../status/account-proof.tsx'
import { StatusBadge } from '../status/status-badge.tsx'

export function AccountRow({
  account,
  unread,
  current,
  href,
  onGo,
}: {
  account: Account
  unread: number
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
        <span className="min-w-0 flex-1 truncate">{account.email}</span>
        {unread > 0 ? <span className="text-2xs font-medium text-muted">{count(unread)}</span> : null}
      </a>
      <StatusBadge account={account} />
      <AccountProof account={account} brief />
      <AccountProgress account={account} className="mt-1" />
    </div>
  )
}
