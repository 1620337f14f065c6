import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'

const made = new WeakMap<readonly string[], SecureContext>()

/**
 * What a server's certificate is checked against: the authorities that Node knows, and these besides. All connections
 * share it: made anew for each, it holds megabytes of certificates for as long as the connection lasts.
 */
export function trust(certificates: readonly string[]): SecureContext {
  const known = made.get(certificates)
  if (known) return known
  const ca = certificates.length > 0 ? { ca: [...rootCertificates, ...certificates] } : {}
  const context = createSecureContext(ca)
  made.set(certificates, context)
  return context
}
