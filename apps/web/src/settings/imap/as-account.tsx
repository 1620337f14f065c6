import type { FoundMailbox } from '@inlet/protocol/imap-api'
import { buttonClass } from '@/ui/button.tsx'
import { type Connectable, choices } from '../connect-text.ts'

/** The way as a Gmail or an Outlook account, for mailboxes that take no passwords or are better off without IMAP. */
export function AsAccount({
  found,
  email,
  offered,
}: {
  found: FoundMailbox
  email: string
  offered: readonly Connectable[]
}) {
  const provider = found.name === 'Gmail' ? 'gmail' : found.login === 'oauth' ? 'graph' : null
  if (!provider || !offered.includes(provider)) return null
  return (
    <a
      href={`${choices[provider].href}?email=${encodeURIComponent(email)}`}
      className={buttonClass({ kind: found.login === 'oauth' ? 'primary' : 'plain', size: 'lg' })}
    >
      Connect as {provider === 'gmail' ? 'a Gmail' : 'an Outlook'} account
    </a>
  )
}
