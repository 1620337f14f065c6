import type { ChangesPage, FillPage } from '@inlet/protocol/changes'

/** Reads a user's feed, under row-level security. */
export interface FeedReader {
  /** Everything with seq > after, in seq order (I2). `after` below the floor: throws CursorTooOld. */
  follow(userId: string, after: number, limit: number, signal?: AbortSignal): Promise<ChangesPage>
  /** One page of a fill; `position` is 'start' or the `next` of the page before. Throws InvalidCursor. */
  fill(userId: string, position: string, limit: number, signal?: AbortSignal): Promise<FillPage>
  /** Heads of many users at once: what the hub polls while the bus is down. Unknown users are absent. */
  heads(userIds: string[], signal?: AbortSignal): Promise<Map<string, number>>
}

export class CursorTooOld extends Error {
  readonly floor: number
  constructor(after: number, floor: number) {
    super(
      `The cursor ${after} is older than what the feed still holds (from ${floor} on). Start the mirror again.`,
    )
    this.name = 'CursorTooOld'
    this.floor = floor
  }
}

export class InvalidCursor extends Error {
  constructor(cursor: string) {
    super(`"${cursor.slice(0, 60)}" is not a cursor that this feed has given out.`)
    this.name = 'InvalidCursor'
  }
}

/** By name: see isProviderError. */
export const isCursorTooOld = (error: unknown): error is CursorTooOld =>
  error instanceof Error && error.name === 'CursorTooOld'
export const isInvalidCursor = (error: unknown): error is InvalidCursor =>
  error instanceof Error && error.name === 'InvalidCursor'
