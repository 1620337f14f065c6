import type { Account, Provider } from '@inlet/protocol/entities'
import type { CSSProperties } from 'react'
import { cx } from '@/ui/cx.ts'
import { hueOf } from '@/ui/hue.ts'

/** What tells an account from others. */
export type AccountRef = Pick<Account, 'id' | 'provider' | 'email'>

const letters: Record<Provider, string> = { gmail: 'G', graph: 'O', imap: '@', 'google-calendar': 'C' }

/** The provider's letter in the colour that the address always gets. Decorative: the address is told beside it. */
export function AccountMark({ account, className }: { account: AccountRef; className?: string }) {
  const style = { '--h': hueOf(account.email.toLowerCase()) } as CSSProperties
  return (
    <span
      aria-hidden
      data-testid="account-mark"
      data-provider={account.provider}
      title={account.email}
      style={style}
      className={cx(
        'avatar-tint inline-flex size-4 shrink-0 items-center justify-center rounded text-[10px] leading-none font-semibold select-none',
        className,
      )}
    >
      {letters[account.provider]}
    </span>
  )
}
