import type { Account } from '@inlet/protocol/entities'
import { buttonClass } from '@/ui/button.tsx'

/** To the consent page of the account's own provider or to the form for its password, whichever it was connected by. */
export function ReconnectLink({ account }: { account: Pick<Account, 'provider' | 'email'> }) {
  return (
    <a
      href={`/api/accounts/connect/${account.provider}?email=${encodeURIComponent(account.email)}`}
      className={buttonClass({ kind: 'primary', size: 'sm' })}
    >
      Reconnect
    </a>
  )
}
