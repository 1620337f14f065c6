import { FILL_START } from '@inlet/protocol/changes'
import { InvalidCursor } from '@inlet/sync/feed-port'

export type FillPosition =
  | { at: 'start' }
  | { at: 'labels'; after: string }
  | { at: 'messages'; receivedAt: number; id: string }

const FORM = /^(?:l\.(?<after>[A-Za-z0-9_-]{1,64})|m\.(?<receivedAt>-?\d{1,16})\.(?<id>[A-Za-z0-9_-]{1,64}))$/

/** Opaque to readers; forging one shows nothing but another page of one's own rows. */
export function encodePosition(position: Exclude<FillPosition, { at: 'start' }>): string {
  return position.at === 'labels' ? `l.${position.after}` : `m.${position.receivedAt}.${position.id}`
}

/** Throws InvalidCursor. */
export function decodePosition(text: string): FillPosition {
  if (text === FILL_START) return { at: 'start' }
  const { after, receivedAt, id } = FORM.exec(text)?.groups ?? {}
  if (after !== undefined) return { at: 'labels', after }
  const at = Number(receivedAt)
  if (id === undefined || !Number.isSafeInteger(at)) throw new InvalidCursor(text)
  return { at: 'messages', receivedAt: at, id }
}
