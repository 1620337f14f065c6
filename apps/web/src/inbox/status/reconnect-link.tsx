import type { Account } from '@inlet/protocol/entities'
import { buttonClass } from '@/ui/button.tsx'

/** To the consent page of the account's own provider or to the form for its password, with its address suggested there. */
export function ReconnectLink({ account }: { account: Pick<Account, 'provider' | 'email'> }) {
  const page = account.provider === 'imap' ? '/connect/imap' : `/api/accounts/connect/${account.provider}`
  return (
    <a
      href={`${page}?email=${encodeURIComponent(account.email)}`}
      className={buttonClass({ kind: 'primary', size: 'sm' })}
    >
      Reconnect
    </a>
  )
}
