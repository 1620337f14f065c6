import type { ThreadView } from '@inlet/client/views'
import { displayName } from '@inlet/protocol/display-name'
import { plural } from '@/ui/format.ts'

/** Tells a screen reader what came, once and politely. */
export function Announcer({
  fresh,
  held,
  rows,
}: {
  fresh: ReadonlySet<string>
  held: number
  rows: readonly ThreadView[]
}) {
  const first = rows[0]
  const sender = first?.participants.at(-1)
  let text = ''
  if (held > 0) text = `${plural(held, 'new message')} at the top of the list.`
  else if (fresh.size === 1 && first && sender)
    text = `New message from ${displayName(sender)}: ${first.subject}`
  else if (fresh.size > 1) text = plural(fresh.size, 'new message')
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  )
}
