import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

/** What will appear here, and what to do next. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: LucideIcon
  title: string
  children: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex h-full flex-col items-center justify-center px-8 py-16 text-center">
      <Icon className="mb-4 size-7 text-faint" strokeWidth={1.25} aria-hidden />
      <p className="text-base font-medium">{title}</p>
      <div className="mt-1 max-w-72 text-muted">{children}</div>
      {action ? <div className="mt-5">{action}</div> : null}
    </div>
  )
}
