import { createElement, type FunctionComponent, memo } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLiveMirror } from '../src/live-mirror.ts'
import type { LiveMirror } from '../src/live-mirror-types.ts'
import {
  LiveMirrorProvider,
  useAccounts,
  useEmailUpdates,
  useLabels,
  useMessageBody,
  useMutate,
  useOutbox,
  useThread,
  useThreads,
  useUnreadCounts,
} from '../src/react.ts'
import type { ThreadView } from '../src/views.ts'
import { type PageServer, pageServer } from './support/page-server.ts'
import { account, label, message } from './support/rows.ts'
import { until } from './support/until.ts'

let server: PageServer
let mirror: LiveMirror
let root: Root
let host: HTMLElement
let users = 0

beforeEach(async () => {
  server = pageServer()
  server.put(
    { kind: 'account', id: 'a1', row: account('a1') },
    { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox', unread: 1 }) },
  )
  for (let i = 1; i <= 20; i++) server.deliver(message(`m${i}`, { receivedAt: i, unread: i === 1 }))
  mirror = createLiveMirror({ userId: `react-${Date.now()}-${++users}`, fetch: server.fetch })
  mirror.start()
  host = document.body.appendChild(document.createElement('div'))
  root = createRoot(host)
  await until('it is live', () => mirror.state.getSnapshot().phase === 'live')
})
afterEach(async () => {
  root.unmount()
  host.remove()
  await mirror.signOut()
})

const show = (component: FunctionComponent) =>
  root.render(createElement(LiveMirrorProvider, { userId: mirror.userId, mirror }, createElement(component)))
const text = () => host.textContent ?? ''

describe('the hooks', () => {
  it('render a new thread without rendering the rows that were there', async () => {
    const renders: string[] = []
    const Row = memo(({ thread }: { thread: ThreadView }) => {
      renders.push(thread.id)
      return createElement('p', null, thread.subject)
    })
    show(() => {
      const { threads } = useThreads({ role: 'inbox', limit: 30 })
      return threads.map(thread => createElement(Row, { key: thread.id, thread }))
    })
    await until('the list is there', () => host.querySelectorAll('p').length === 20)
    renders.length = 0
    server.deliver(message('m21', { receivedAt: 21 }))
    await until('the new one is there', () => host.querySelectorAll('p').length === 21)
    expect(host.querySelector('p')?.textContent).toBe('Subject m21')
    expect([...new Set(renders)]).toEqual(['t-m21'])
  })

  it('render with a new mail only what shows it', async () => {
    const renders = { labels: 0, phase: 0, count: 0, accounts: 0 }
    const Labels = () => {
      renders.labels++
      return useLabels().labels.length
    }
    const Phase = () => {
      renders.phase++
      return useEmailUpdates(state => state.phase)
    }
    const Accounts = () => {
      renders.accounts++
      return useAccounts(accounts => accounts.map(({ email }) => email).join())
    }
    const Count = () => {
      renders.count++
      return useUnreadCounts(counts => counts.roles.inbox)
    }
    const Subjects = () => useThreads({ role: 'inbox', limit: 30 }).threads.map(({ subject }) => subject)
    show(() => [Labels, Phase, Accounts, Count, Subjects].map((part, key) => createElement(part, { key })))
    await until('all is there', () => text().includes('1livea1@example.org1Subject m20'))
    Object.assign(renders, { labels: 0, phase: 0, count: 0, accounts: 0 })
    server.deliver(message('m21', { receivedAt: 21, unread: true }))
    server.put(
      { kind: 'account', id: 'a1', row: account('a1', { lastSyncAt: 5 }) },
      { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox', unread: 2 }) },
    )
    await until('both show', () => text().includes('2Subject m21Subject m20'))
    expect(renders).toEqual({ labels: 0, phase: 0, count: 1, accounts: 0 })
  })

  it('show a change at once, in the list, the thread and the counts, before the server knows', async () => {
    server.setDown(true)
    let mutate: ReturnType<typeof useMutate> | undefined
    show(() => {
      mutate = useMutate()
      const { thread, messages } = useThread('t-m1')
      const { pending } = useOutbox()
      const counts = useUnreadCounts()
      return `${thread?.unreadCount} ${messages.map(each => each.unread)} ${counts.roles.inbox} ${pending.length}`
    })
    await until('it shows', () => text() === '1 true 1 0')
    await mutate?.({ type: 'read', messageIds: ['m1'], read: true })
    await until('the change shows', () => text() === '0 false 0 1')
    expect(server.mutations).toEqual([])
  })

  it('say what the connection does, and load a body', async () => {
    show(() => {
      const { phase } = useEmailUpdates()
      const { status, body } = useMessageBody('m1')
      return `${phase} ${status} ${body?.text}`
    })
    await until('both are there', () => text() === 'live ready Body of m1')
    server.setDown(true)
    await until('it says polling', () => text().startsWith('polling'))
  })

  it('start a mirror of their own where none is given, and stop it when they unmount', async () => {
    const userId = `own-${Date.now()}`
    const App = () => useEmailUpdates().phase
    root.render(
      createElement(LiveMirrorProvider, { userId, options: { fetch: server.fetch } }, createElement(App)),
    )
    await until('it is live', () => text() === 'live')
    expect(server.streams()).toBe(2)
    root.render(null)
    await until('its stream is closed', () => server.streams() === 1)
    indexedDB.deleteDatabase(`inlet-${userId}`)
  })
})
