/** Whom people can connect through a consent page, as they call it. */
export const providers = {
  gmail: { name: 'Gmail', about: 'Google asks for your consent on its own page.', company: 'Google' },
  graph: {
    name: 'Outlook',
    about: 'Outlook.com, Hotmail or Microsoft 365. Microsoft asks for your consent on its own page.',
    company: 'Microsoft',
  },
} as const
export type Connectable = keyof typeof providers

const isConnectable = (text: string): text is Connectable => Object.hasOwn(providers, text)

/** Why somebody came back from a consent page without an account; both parts of the address are anybody's. */
export function problemText(error: string, provider: string): string {
  const company = isConnectable(provider) ? providers[provider].company : 'The provider'
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
    default:
      return 'The account could not be connected. Please try again.'
  }
}
