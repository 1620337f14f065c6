import type { MessageBody } from '@inlet/protocol/messages-api'
import { ApiFailure } from './api-failure.ts'
import type { LiveMirror } from './live-mirror-types.ts'
import { createStore, type ReadableStore } from './store.ts'

export interface BodyState {
  status: 'loading' | 'ready' | 'error'
  body: MessageBody | null
  error: ApiFailure | null
}

export const loadingBody: BodyState = { status: 'loading', body: null, error: null }

export interface BodyView extends ReadableStore<BodyState> {
  retry(): void
}

/** One message's body: loads while somebody listens, aborts when nobody does. */
export function createBodyView(mirror: LiveMirror, messageId: string): BodyView {
  const store = createStore(loadingBody)
  let listeners = 0
  let aborter: AbortController | null = null

  async function load() {
    aborter?.abort()
    aborter = new AbortController()
    const { signal } = aborter
    if (store.getSnapshot().status !== 'loading') store.set(loadingBody)
    try {
      const body = await mirror.body(messageId, signal)
      if (!signal.aborted) store.set({ status: 'ready', body, error: null })
    } catch (error) {
      if (signal.aborted) return
      const failure =
        error instanceof ApiFailure
          ? error
          : new ApiFailure('internal', `Opening the message failed: ${error}`)
      store.set({ status: 'error', body: null, error: failure })
    }
  }

  return {
    getSnapshot: store.getSnapshot,
    retry: () => void load(),
    subscribe(listener) {
      const unsubscribe = store.subscribe(listener)
      if (listeners++ === 0 && store.getSnapshot().status !== 'ready') void load()
      return () => {
        unsubscribe()
        if (--listeners === 0) aborter?.abort()
      }
    },
  }
}
