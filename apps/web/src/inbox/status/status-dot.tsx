import { cx } from '@/ui/cx.ts'

/** Decorative: the state is also written beside it. */
export function StatusDot({ color, busy }: { color: string; busy?: boolean }) {
  return (
    <span
      aria-hidden
      className={cx('inline-block size-2 shrink-0 rounded-full', color, busy && 'animate-breathe')}
    />
  )
}
