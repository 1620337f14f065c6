import { cx } from './cx.ts'

/** A thin bar; without a total it slides to say "working, length unknown". */
export function ProgressBar({
  done,
  total,
  label,
  className,
}: {
  done: number
  total: number | null
  label: string
  className?: string
}) {
  const part = total === null || total <= 0 ? null : Math.min(1, done / total)
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total ?? undefined}
      aria-valuenow={part === null ? undefined : Math.min(done, total ?? done)}
      className={cx('h-1 w-full overflow-hidden rounded-full bg-line', className)}
    >
      {part === null ? (
        <div className="h-full w-1/4 animate-slide-bar rounded-full bg-accent" />
      ) : (
        <div
          className="h-full origin-left rounded-full bg-accent transition-transform duration-300"
          style={{ transform: `scaleX(${part})` }}
        />
      )}
    </div>
  )
}
