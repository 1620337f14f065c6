import type { LucideIcon } from 'lucide-react'
import type { ButtonHTMLAttributes } from 'react'
import { cx } from './cx.ts'
import { Hint } from './hint.tsx'

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: LucideIcon
  label: string
  /** Shown in the tooltip. */
  keys?: string | undefined
  iconClassName?: string
  /** Small enough for a list row. */
  tight?: boolean
}

export function IconButton({ icon: Icon, label, keys, iconClassName, tight, className, ...rest }: Props) {
  return (
    <Hint label={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={cx(
          'inline-flex shrink-0 items-center justify-center rounded-md text-muted transition-colors duration-100 hover:bg-hover hover:text-text disabled:pointer-events-none disabled:opacity-40',
          tight ? 'size-6' : 'size-8',
          className,
        )}
        {...rest}
      >
        <Icon className={cx('size-4', iconClassName)} strokeWidth={1.75} aria-hidden />
      </button>
    </Hint>
  )
}
