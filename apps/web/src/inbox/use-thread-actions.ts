'use client'

import { useLabels, useMirror, useMutate } from '@inlet/client/react'
import type { ThreadView } from '@inlet/client/views'
import type { MutationBody } from '@inlet/protocol/mutations'
import { useMemo } from 'react'
import { toast } from 'sonner'
import { plural } from '@/ui/format.ts'

type Threads = readonly ThreadView[]

export interface ThreadActions {
  archive(threads: Threads): Promise<void>
  trash(threads: Threads): Promise<void>
  setRead(threads: Threads, read: boolean): Promise<void>
  setStar(threads: Threads, starred: boolean): Promise<void>
}

/** As many message ids as one mutation may carry. */
const CHUNK = 100

/** What a person does to whole conversations. Each shows at once; `gone` is told which rows are about to leave. */
export function useThreadActions(gone: (ids: readonly string[]) => void): ThreadActions {
  const mirror = useMirror()
  const mutate = useMutate()
  const { labels } = useLabels()

  return useMemo(() => {
    const idsOf = async (threads: Threads): Promise<string[]> => {
      if (!mirror) return []
      const stored = await mirror.db.messages
        .where('threadId')
        .anyOf(threads.map(thread => thread.id))
        .primaryKeys()
      // Found by search, not in the mirror: at least its newest message is known.
      return [...new Set([...stored, ...threads.map(thread => thread.lastMessageId)])]
    }
    const send = async (ids: readonly string[], body: (messageIds: string[]) => MutationBody) => {
      try {
        for (let at = 0; at < ids.length; at += CHUNK) await mutate(body(ids.slice(at, at + CHUNK)))
        return true
      } catch (error) {
        toast.error(error instanceof Error ? error.message : 'The change could not be kept.')
        return false
      }
    }
    const inboxIds = new Set(labels.filter(label => label.role === 'inbox').map(label => label.id))
    const what = (threads: Threads) =>
      threads.length === 1 ? 'Conversation' : plural(threads.length, 'conversation')

    return {
      async archive(threads) {
        const kept = threads.map(thread => thread.labelIds.filter(id => inboxIds.has(id)))
        const ids = await idsOf(threads)
        gone(threads.map(thread => thread.id))
        if (!(await send(ids, messageIds => ({ type: 'archive', messageIds })))) return
        const add = [...new Set(kept.flat())]
        toast(`${what(threads)} archived`, {
          id: 'leave',
          ...(add.length > 0
            ? {
                action: {
                  label: 'Undo',
                  onClick: () =>
                    void send(ids, messageIds => ({ type: 'label', messageIds, add, remove: [] })),
                },
              }
            : {}),
        })
      },
      async trash(threads) {
        const ids = await idsOf(threads)
        gone(threads.map(thread => thread.id))
        if (!(await send(ids, messageIds => ({ type: 'trash', messageIds })))) return
        toast(`${what(threads)} moved to trash`, {
          id: 'leave',
          action: {
            label: 'Undo',
            onClick: () => void send(ids, messageIds => ({ type: 'untrash', messageIds })),
          },
        })
      },
      async setRead(threads, read) {
        // Unread again is the newest message; the rest of the conversation stays read.
        const ids = read ? await idsOf(threads) : threads.map(thread => thread.lastMessageId)
        await send(ids, messageIds => ({ type: 'read', messageIds, read }))
      },
      async setStar(threads, starred) {
        const ids = starred ? threads.map(thread => thread.lastMessageId) : await idsOf(threads)
        await send(ids, messageIds => ({ type: 'star', messageIds, starred }))
      },
    }
  }, [mirror, mutate, labels, gone])
}
