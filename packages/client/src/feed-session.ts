import { FILL_START } from '@inlet/protocol/changes'
import { ApiFailure } from './api-failure.ts'
import type { ConnectionEvent, Job } from './connection-events.ts'
import { openFeed, resetFeed } from './feed-meta.ts'
import { askAhead, type FillContext, fillPage, nothingAhead, walk } from './fill.ts'
import { catchUp, Fenced, type FollowContext, take } from './follow.ts'
import type { Http } from './http.ts'
import { type FailureMeaning, meaningOf } from './loss.ts'
import type { FeedMeta, MirrorDb } from './tables.ts'
import { prepareFill } from './transport-poll.ts'
import { readStream, type StreamEnd } from './transport-sse.ts'
import type { World } from './world.ts'
import { createWriteQueue } from './write-queue.ts'

export interface FeedSession {
  /** Opens what is stored; whether there is a cursor to follow from. */
  open(): Promise<{ hasCursor: boolean }>
  /** Runs a job of the connection machine; see ConnectionDriver. */
  run(job: Job, token: number, signal: AbortSignal): void
  /** Pulls at once, beside whatever runs. Rejects like catchUp. */
  pull(): Promise<void>
  /** Ends the walk and every pull of its own. */
  stop(): void
}

/** What a leading tab does with the feed: the jobs of the machine, and the walk that fills the mirror beside them. */
export function createFeedSession(options: {
  db: MirrorDb
  http: Http
  world: World
  fillLimit: number
  newEpoch(): string
  /** Whether there is most likely nothing stored yet: a first page that is asked for in vain costs a request. */
  isNew(): boolean
  dispatch(event: ConnectionEvent): void
  onHeard(): void
  /** The feed row as it is now, or parts of it that moved. */
  onFeed(feed: Partial<FeedMeta>): void
}): FeedSession {
  const { db, http, world, dispatch, onFeed } = options
  const stopped = new AbortController()
  const queue = createWriteQueue()
  const filling: FillContext = {
    db,
    http,
    world,
    queue,
    limit: options.fillLimit,
    ahead: nothingAhead(),
  }
  let epoch = ''
  let cursor: number | null = null
  let walking: AbortController | null = null

  const following = (): FollowContext => ({
    db,
    http,
    queue,
    epoch,
    now: world.now,
    onApplied(applied) {
      cursor = Math.max(cursor ?? 0, applied.cursor)
      onFeed({ cursor, head: applied.head })
    },
  })

  function adopt(feed: FeedMeta) {
    if (feed.epoch !== epoch) cursor = null
    epoch = feed.epoch
    cursor = feed.cursor === null ? null : Math.max(cursor ?? 0, feed.cursor)
    onFeed({ ...feed, cursor })
    if (cursor !== null && feed.fill.position !== null) startWalk()
  }

  function startWalk() {
    if (walking || stopped.signal.aborted) return
    const aborter = new AbortController()
    walking = aborter
    const signal = AbortSignal.any([aborter.signal, stopped.signal])
    walk(filling, epoch, signal, feed => onFeed({ fill: feed.fill })).then(outcome => {
      if (walking === aborter) walking = null
      if (outcome === 'signed_out') dispatch({ type: 'signed_out' })
    })
  }

  async function runStream(token: number, signal: AbortSignal) {
    const after = cursor ?? 0
    let opened = false
    const open = () => {
      if (!opened) dispatch({ type: 'stream_opened', token })
      opened = true
    }
    const end = await readStream({
      http,
      world,
      after,
      signal,
      onHeard() {
        options.onHeard()
        if (opened) dispatch({ type: 'stream_heard', token })
      },
      async onEvent(event): Promise<StreamEnd | null> {
        if (event.event === 'hello') {
          // The server's feed was restored to an earlier time: our cursor means nothing to it.
          if (event.data.head < after) return { kind: 'too_old' }
          onFeed({ head: event.data.head })
        }
        open()
        if (event.event !== 'changes') return null
        try {
          const applied = await take(following(), event.data)
          if (applied.kind === 'gap') await catchUp(following(), applied.cursor, signal)
          return null
        } catch (error) {
          return failed(error)
        }
      },
    })
    switch (end.kind) {
      case 'aborted':
        return
      case 'signed_out':
        return dispatch({ type: 'signed_out' })
      case 'too_old':
        return dispatch({ type: 'stream_too_old', token })
      case 'superseded':
        return dispatch({ type: 'stream_superseded', token })
      case 'reconnect':
        return dispatch({ type: 'stream_reconnect', token, afterMs: end.afterMs })
      case 'lost':
        return dispatch({ type: 'stream_lost', token, reason: end.reason, retryAfterMs: end.retryAfterMs })
    }
  }

  async function runPoll(token: number, signal: AbortSignal) {
    try {
      const { changed } = await catchUp(following(), cursor ?? 0, signal)
      options.onHeard()
      dispatch({ type: 'poll_ok', token, changed })
    } catch (error) {
      const meaning = failed(error)
      if (meaning.kind === 'signed_out') dispatch({ type: 'signed_out' })
      else if (meaning.kind === 'too_old') dispatch({ type: 'poll_too_old', token })
      else if (meaning.kind === 'lost')
        dispatch({ type: 'poll_failed', token, retryAfterMs: meaning.retryAfterMs })
    }
  }

  async function runRefill(token: number, signal: AbortSignal) {
    try {
      // A refill that is tried again finds the mirror reset already, and no cursor.
      if (cursor !== null) {
        walking?.abort()
        walking = null
        adopt(await resetFeed(db, epoch, options.newEpoch()))
      }
      const feed = await fillPage(filling, epoch, signal)
      if (signal.aborted) return
      if (!feed) adopt(await openFeed(db, options.newEpoch()))
      else adopt(feed)
      options.onHeard()
      if (cursor !== null) dispatch({ type: 'refill_ok', token })
      else dispatch({ type: 'refill_failed', token, retryAfterMs: null })
    } catch (error) {
      const meaning = failed(error)
      if (meaning.kind === 'signed_out') dispatch({ type: 'signed_out' })
      else if (meaning.kind !== 'aborted') {
        const retryAfterMs = meaning.kind === 'lost' ? meaning.retryAfterMs : null
        dispatch({ type: 'refill_failed', token, retryAfterMs })
      }
    }
  }

  const runs = { stream: runStream, poll: runPoll, refill: runRefill }

  return {
    async open() {
      // The first page of a new mirror is asked for while its database is made.
      if (options.isNew()) {
        askAhead(filling, FILL_START, 0, stopped.signal)
        prepareFill()
      }
      adopt(await openFeed(db, options.newEpoch()))
      if (cursor !== null) filling.ahead.asked = null
      return { hasCursor: cursor !== null }
    },
    run: (job, token, signal) => void runs[job](token, signal),
    async pull() {
      if (cursor !== null) await catchUp(following(), cursor, stopped.signal)
    },
    stop: () => stopped.abort(),
  }
}

/** What went wrong besides the network: a reset under way counts as aborted, the rest is the browser's storage. */
function failed(error: unknown): FailureMeaning {
  if (error instanceof ApiFailure) return meaningOf(error)
  if (error instanceof Fenced) return { kind: 'too_old' }
  return { kind: 'lost', reason: 'storage', retryAfterMs: null }
}
