import type { Faults } from '../../faults.ts'
import type { OAuthClient, Tokens } from './tokens.ts'

/** Whom the consent page shows. */
export interface Person {
  email: string
  name: string
  subject?: string
}

/** An authorization server: Google's, or that of the IMAP accounts. */
export interface Authority {
  readonly clients: readonly OAuthClient[]
  readonly tokens: Tokens
  readonly faults: Faults
  readonly mailboxes: {
    all(): { account: Person }[]
    get(email: string): { email: string } | undefined
  }
}
