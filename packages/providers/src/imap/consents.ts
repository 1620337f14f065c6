import { randomUUID } from 'node:crypto'
import { isServerOf } from '@inlet/protocol/imap-api'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Grant } from '@inlet/sync/store-port'
import type { World } from '@inlet/sync/world'
import type { OAuth } from '../oauth.ts'
import type { ImapGrant } from './account.ts'
import type { FoundSettings } from './find-settings.ts'
import { type ImapOAuth, mailOAuth } from './oauth.ts'

/** A consent page that mailboxes can be connected by. */
export type Consent = {
  readonly provider: ImapOAuth
  readonly oauth: OAuth
  /** What is stored: the provider's servers and the tokens it gave. */
  grant(tokens: Grant, who: { email: string; displayName: string }): Grant
}

/** What was found for an address, with the consent page that leads into it, if there is one. */
export type Offer = Omit<FoundSettings, 'source'> & {
  source: FoundSettings['source'] | 'configured'
  consent: { id: string; name: string } | null
}

/** Everything about grants by consent. Grants with a password pass through it as well: they hold no token. */
export type Consents = {
  of(id: string): Consent | null
  /** What there is for whoever types a server. The user is to be filled in. */
  readonly configured: readonly { way: Offer; hosts: string[] }[]
  /** Settings of an address whose domain is a configured provider's. */
  byDomain(address: string, known: FoundSettings | null): Offer | null
  /** Adds the way by consent where the servers are a configured provider's. */
  offer(found: FoundSettings): Offer
  refresh: OAuth['refresh']
  token: OAuth['token']
  revoke: OAuth['revoke']
}

export function createConsents(providers: readonly ImapOAuth[], world: World): Consents {
  const all = providers.map(provider => toConsent(provider, world))
  const of = (id: unknown) => all.find(({ provider }) => provider.id === id) ?? null

  return {
    of,
    configured: providers.map(provider => ({ way: ownWay(provider), hosts: [...provider.hosts] })),
    byDomain(address, known) {
      const domain = address.slice(address.lastIndexOf('@') + 1)
      const provider = providers.find(({ domains }) => domains.includes(domain))
      return provider ? ownWay(provider, { user: address, ...known }) : null
    },
    offer(found) {
      const { imap } = found
      const provider = imap && providers.find(each => isServerOf(each, imap))
      return provider ? withConsent(found, provider) : { ...found, consent: null }
    },
    async refresh(grant, signal) {
      const { oauth: id } = grant.data
      if (typeof id !== 'string') throw byPassword()
      const consent = of(id)
      if (!consent) throw notConfigured(id)
      return await consent.oauth.refresh(grant, signal)
    },
    token: grant => of(grant.data.oauth)?.oauth.token(grant) ?? null,
    revoke: async (grant, signal) => await of(grant.data.oauth)?.oauth.revoke(grant, signal),
  }
}

function toConsent(provider: ImapOAuth, world: World): Consent {
  return {
    provider,
    oauth: mailOAuth(provider, world),
    grant({ data }, { email, displayName }) {
      const { id, imap, smtp } = provider
      const way: ImapGrant = {
        ...{ email, displayName, user: email, password: null, oauth: id, consent: randomUUID() },
        ...{ imapHost: imap.host, imapPort: imap.port, imapSecurity: imap.security },
        ...{
          smtpHost: smtp?.host ?? null,
          smtpPort: smtp?.port ?? null,
          smtpSecurity: smtp?.security ?? null,
        },
      }
      return { data: { ...way, ...data } }
    },
  }
}

/** To the provider's own servers. */
function ownWay(provider: ImapOAuth, known: Partial<Pick<Offer, 'login' | 'note' | 'user'>> = {}): Offer {
  const { name, imap, smtp } = provider
  const { login = 'password', note = null, user = '' } = known
  return withConsent({ name, imap, smtp, login, note, user, source: 'configured' }, provider)
}

function withConsent(found: Omit<Offer, 'consent'>, { id, name, passwords }: ImapOAuth): Offer {
  const consent = { id, name }
  // A note is about passwords.
  const alone = !passwords || found.login === 'oauth'
  return alone ? { ...found, login: 'oauth', note: null, consent } : { ...found, consent }
}

/** A password lives until the server refuses it. */
const byPassword = () =>
  new ProviderError('unauthorized', 'A password cannot be renewed here. Connect the mailbox again.', {
    reconnect: true,
  })

/** Whoever runs Inlet took it away: the grant may be as good as ever, so it is kept. */
const notConfigured = (id: string) =>
  new ProviderError(
    'permanent',
    `The mail provider “${id}” is not configured any more (INLET_IMAP_OAUTH), so access to the mailbox cannot be renewed.`,
  )
