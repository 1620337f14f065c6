/** An app registration. Web apps are confidential: their secret is asked for at the token endpoint. */
export interface EntraClient {
  id: string
  secret: string
  /** Exact addresses; empty allows any loopback address and any https one. */
  redirectUris: readonly string[]
}

export const DEFAULT_ENTRA_CLIENT: EntraClient = {
  id: '5a4dbcc7-6f1e-4c39-9a1e-1b1e75a4d0b0',
  secret: 'sandbox~secret',
  redirectUris: [],
}

/** The one tenant; its accounts sign in through `common`, `organizations` and this id alike. */
export const TENANT = '84bd8158-6d4d-4958-8b9f-9d6445542f95'

export function isTenant(name: string): boolean {
  return ['common', 'organizations', 'consumers', TENANT].includes(name.toLowerCase())
}

/** The OpenID Connect scopes; everything else is a permission of Graph. */
export const OPENID_SCOPES = ['openid', 'profile', 'email', 'offline_access']

/** `https://graph.microsoft.com/Mail.Read` and `mail.read` are the same permission. */
export function shortScope(scope: string): string {
  return scope.replace(/^https:\/\/graph\.microsoft\.com\//i, '')
}

export function readScopes(text: string | null): string[] {
  return [...new Set((text ?? '').split(/\s+/).filter(Boolean).map(shortScope))]
}
