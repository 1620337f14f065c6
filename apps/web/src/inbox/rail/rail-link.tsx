import type { ReactNode } from 'react'
import { cx } from '@/ui/cx.ts'
import { count } from '@/ui/format.ts'

/** One line of the rail: a real link, taken over for a step without a request. */
export function RailLink({
  href,
  current,
  icon,
  name,
  unread = 0,
  onGo,
}: {
  href: string
  current: boolean
  icon: ReactNode
  name: string
  unread?: number
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
      {unread > 0 ? (
        <span className="text-2xs font-medium text-muted" title={`${count(unread)} unread`}>
          {count(unread)}
        </span>
      ) : null}
    </a>
  )
}
