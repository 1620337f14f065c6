import { cx } from './cx.ts'

/** A grey bar where text will be. Give it a width. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cx('block h-3 animate-breathe rounded bg-line', className)} />
}
