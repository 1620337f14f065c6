import { ProviderError } from '@inlet/sync/provider-errors'
import type { GraphSettings } from './config.ts'

const VERSION = '/v1.0'

/**
 * What a nextLink or deltaLink is kept as: everything behind the version, as it was sent. A link to another host than
 * the configured one is never followed: it would carry the token there.
 */
export function pathOfLink(settings: GraphSettings, link: string): string {
  const origin = /^https?:\/\/[^/?#]+/i.exec(link)?.[0] ?? ''
  const path = link.slice(origin.length)
  if (origin.toLowerCase() !== new URL(settings.graphBaseUrl).origin || !path.startsWith(`${VERSION}/`))
    throw new ProviderError(
      'transient',
      `Outlook answered with a link that leads elsewhere (${origin.slice(0, 100)}); it is not followed.`,
    )
  return path.slice(VERSION.length)
}

/** Does this look like what `pathOfLink` keeps of a delta link? What does not is no cursor. */
export const isDeltaPath = (path: string): boolean =>
  /^\/[^?#\s]+\/(?:microsoft\.graph\.)?delta(?:\(\))?\?\S*(?:delta|skip)token=[^&\s]/i.test(path)

/** The same of a page of a listing. */
export const isListPath = (path: string): boolean => /^\/[^?#\s]+\/messages\?\S+$/i.test(path)
