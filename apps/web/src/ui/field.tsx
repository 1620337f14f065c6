import type { ReactNode } from 'react'

/** Looks of an input or a select. */
export const inputClass =
  'h-9 w-full rounded-md border border-line-strong bg-panel px-3 placeholder:text-faint focus:border-accent focus:outline-2 focus:-outline-offset-1 focus:outline-accent aria-invalid:border-bad aria-invalid:focus:outline-bad'

/** A labelled control. An `error` is at `${id}-error`: the control names it in aria-describedby. */
export function Field({
  id,
  label,
  hint,
  error,
  className,
  children,
}: {
  id: string
  label: string
  hint?: string | undefined
  error?: string | null
  className?: string
  children: ReactNode
}) {
  return (
    <div className={className}>
      <div className="mb-1.5 flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-xs font-medium">
          {label}
        </label>
        {hint ? <span className="text-2xs text-faint">{hint}</span> : null}
      </div>
      {children}
      {error ? <FieldError id={id}>{error}</FieldError> : null}
    </div>
  )
}

export function FieldError({ id, children }: { id: string; children: ReactNode }) {
  return (
    <p id={`${id}-error`} className="mt-1.5 text-bad-text [overflow-wrap:anywhere]">
      {children}
    </p>
  )
}

/** What a control says to readers of the screen about its error. */
export const invalid = (id: string, error: string | null | undefined) =>
  error ? ({ 'aria-invalid': true, 'aria-describedby': `${id}-error` } as const) : {}
