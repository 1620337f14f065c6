'use client'

import { useOutbox } from '@inlet/client/react'
import type { PendingMutation } from '@inlet/client/views'
import { TriangleAlert } from 'lucide-react'
import { Button } from '@/ui/button.tsx'
import { plural } from '@/ui/format.ts'

const names: Record<PendingMutation['body']['type'], string> = {
  read: 'Marking as read',
  star: 'Starring',
  archive: 'Archiving',
  trash: 'Moving to trash',
  untrash: 'Taking out of the trash',
  label: 'Labelling',
  draft: 'Saving the draft',
  send: 'Sending',
}

/** Changes that the server refused: undone here, and said so. */
export function OutboxNotice() {
  const { failed, retry, dismiss } = useOutbox()
  const [first] = failed
  if (!first) return null
  const act = (run: (clientId: string) => Promise<unknown>) => () => {
    // A second failure shows in this very notice.
    for (const { clientId } of failed) run(clientId).catch(() => {})
  }
  return (
    <div
      role="alert"
      className="flex items-center gap-2 border-b border-line bg-bad-wash py-1.5 pr-2 pl-4 text-xs text-bad-text"
    >
      <TriangleAlert className="size-4 shrink-0" strokeWidth={1.75} aria-hidden />
      <span className="min-w-0 flex-1">
        {failed.length === 1
          ? `${names[first.body.type]} did not work${first.error ? `: ${first.error.message}` : '.'}`
          : `${plural(failed.length, 'change')} did not work and were undone.`}
      </span>
      <Button size="sm" kind="quiet" onClick={act(retry)}>
        Try again
      </Button>
      <Button size="sm" kind="quiet" onClick={act(dismiss)}>
        Dismiss
      </Button>
    </div>
  )
}
