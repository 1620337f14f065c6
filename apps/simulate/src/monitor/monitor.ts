import type { MailProvider } from '@inlet/sync/engine'
import type { FeedReader } from '@inlet/sync/feed-port'
import type { Store } from '@inlet/sync/store-port'
import type { Browser } from '../browser.ts'
import { CursorWatch } from './cursors.ts'
import { watchMirror } from './mirror.ts'
import { watchPages } from './pages.ts'
import { RowWatch } from './rows.ts'
import { watchSurveys } from './survey.ts'
import type { Watched } from './watched.ts'
import { WorkWatch } from './work.ts'

/** Transactions that are many and write nothing. */
const ONLY_READS = new Set([
  'account',
  'countPlaces',
  'fill',
  'follow',
  'heads',
  'labelIds',
  'placeEpochs',
  'placesIn',
  'placesOf',
  'readGrant',
  'storedCount',
  'storedVersions',
  'unlisted',
  'watchesDue',
])

/**
 * Looks at everything that becomes durable and at every page that is read, at once, and says which invariant does not
 * hold. It stands outside of all that is under test (and of all planted bugs), and knows the provider's truth.
 */
export class Monitor {
  readonly #watched: Watched
  readonly #rows: RowWatch
  readonly #cursors: CursorWatch
  readonly work: WorkWatch

  constructor(watched: Watched) {
    this.#watched = watched
    this.#rows = new RowWatch(watched)
    this.#cursors = new CursorWatch(watched)
    this.work = new WorkWatch(watched)
  }

  /** After each transaction of the database, in the same step. */
  committed(name: string): void {
    if (ONLY_READS.has(name)) return
    this.#rows.committed(name)
    this.#cursors.committed(name)
    this.work.committed(name)
  }

  store(inner: Store): Store {
    return this.work.store(inner)
  }

  provider(inner: MailProvider): MailProvider {
    return watchSurveys(this.#watched, inner)
  }

  feed(inner: FeedReader): FeedReader {
    return watchPages(this.#watched, inner)
  }

  /** After each transaction of a mirror. */
  mirrored(browser: Browser): void {
    watchMirror(this.#watched, browser)
  }
}
