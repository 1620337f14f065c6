import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from '@/ui/cx.ts'

/** What went wrong, read out as soon as it appears. */
export function ProblemNote({ className, children }: { className?: string; children: ReactNode }) {
  return (
    <p
      role="alert"
      className={cx(
        'flex items-start gap-2.5 rounded-md bg-bad-wash px-3 py-2.5 text-bad-text [overflow-wrap:anywhere]',
        className,
      )}
    >
      <TriangleAlert className="mt-px size-4 shrink-0" strokeWidth={1.75} aria-hidden />
      <span>{children}</span>
    </p>
  )
}
