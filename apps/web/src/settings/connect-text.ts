/** Whom people can connect, as they call it, and where that begins. */
export const choices = {
  gmail: {
    name: 'Gmail',
    about: 'Google asks for your consent on its own page.',
    href: '/api/accounts/connect/gmail',
  },
  graph: {
    name: 'Outlook',
    about: 'Outlook.com, Hotmail or Microsoft 365. Microsoft asks for your consent on its own page.',
    href: '/api/accounts/connect/graph',
  },
  imap: {
    name: 'Any other mailbox (IMAP)',
    about: 'iCloud, Yahoo, Fastmail, your company or your own server: you begin with its address.',
    href: '/connect/imap',
  },
} as const
export type Connectable = keyof typeof choices

const companies: Record<string, string> = { gmail: 'Google', graph: 'Microsoft' }

/** Why somebody came back from a consent page without an account; both parts of the address are anybody's. `name`: as configured. */
export function problemText(error: string, provider: string, name = 'The provider'): string {
  const company = Object.hasOwn(companies, provider) ? companies[provider] : name
  switch (error) {
    case 'access_denied':
      return 'Access was not granted, so nothing was connected. You can try again at any time.'
    case 'state_mismatch':
      return `${company}’s answer did not belong to this browser, or came after more than 15 minutes. Please start again.`
    case 'exchange_failed':
      return `${company} did not complete the connection. Wait a moment and try again.`
    case 'scope_missing':
      return provider === 'graph'
        ? 'Microsoft did not grant all of the permissions. Inlet needs them to keep your mail live; your organisation may have to allow them first.'
        : 'Some of the permissions were left unticked. Inlet needs all of them to keep your mail live; please tick every box.'
    case 'mail_server_refused':
      return `${company} granted access, but its mail server did not accept it. Please try again, and choose the account of this address.`
    case 'rate_limited':
      return 'Too many tries. Wait some minutes and try again.'
    default:
      return 'The account could not be connected. Please try again.'
  }
}
