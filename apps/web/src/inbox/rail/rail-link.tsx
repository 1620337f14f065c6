import { useUnreadCounts } from '@inlet/client/react'
import type { ReactNode } from 'react'
import { cx } from '@/ui/cx.ts'
import { count } from '@/ui/format.ts'

/** One line of the rail: a real link, taken over for a step without a request. `unread`: the labels to count. */
export function RailLink({
  href,
  current,
  icon,
  name,
  unread,
  onGo,
}: {
  href: string
  current: boolean
  icon: ReactNode
  name: string
  unread?: readonly string[] | undefined
  onGo(): void
}) {
  return (
    <a
      href={href}
      aria-current={current ? 'page' : undefined}
      onClick={event => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        onGo()
      }}
      className={cx(
        'flex h-7 items-center gap-2.5 rounded-md px-2 transition-colors duration-100',
        current ? 'bg-selected font-medium text-text' : 'text-muted hover:bg-hover hover:text-text',
      )}
    >
      {icon}
      <span className="min-w-0 flex-1 truncate">{name}</span>
      {unread ? <Unread of={unread} /> : null}
    </a>
  )
}

function Unread({ of }: { of: readonly string[] }) {
  const unread = useUnreadCounts(({ labels }) => of.reduce((sum, id) => sum + (labels[id] ?? 0), 0))
  if (unread === 0) return null
  return (
    <span className="text-2xs font-medium text-muted" title={`${count(unread)} unread`}>
      {count(unread)}
    </span>
  )
}
