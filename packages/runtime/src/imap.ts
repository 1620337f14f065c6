import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createImap, type ImapAdapter } from '@inlet/providers/imap'
import type { ImapSettings } from './env.ts'
import { readImapOAuth } from './imap-oauth.ts'

/** The adapter with what the environment says. Throws when one of its files cannot be used. */
export function openImap({ privateHosts, certificatesFile, oauthFile }: ImapSettings): ImapAdapter {
  return createImap({
    allowPrivateHosts: privateHosts,
    trustedCertificates: certificatesFile === null ? [] : readCertificates(certificatesFile),
    oauth: oauthFile === null ? [] : readImapOAuth(oauthFile),
  })
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates in a PEM file. */
export function readCertificates(file: string): string[] {
  const wrong = (what: string) => new Error(`INLET_IMAP_CERTIFICATES: ${file} ${what}.`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  const found = text.match(CERTIFICATE) ?? []
  if (found.length === 0) throw wrong('holds no certificate in PEM form')
  for (const [at, pem] of found.entries()) {
    try {
      new X509Certificate(pem)
    } catch {
      throw wrong(`holds a certificate that cannot be read, the ${at + 1}. in it`)
    }
  }
  return found
}
