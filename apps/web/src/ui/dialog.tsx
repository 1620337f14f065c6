'use client'

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { cx } from './cx.ts'

const overlay = 'fixed inset-0 z-40 animate-fade-in bg-black/30 dark:bg-black/55'

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  wide,
}: {
  open: boolean
  onOpenChange(open: boolean): void
  title: string
  description?: string
  children: ReactNode
  wide?: boolean
}) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cx(
            'fixed top-[12vh] left-1/2 z-50 max-h-[76vh] w-[calc(100vw-32px)] -translate-x-1/2 animate-pop-in overflow-y-auto rounded-xl border border-line bg-raised p-5 shadow-float',
            wide ? 'max-w-2xl' : 'max-w-md',
          )}
        >
          <div className="mb-1 flex items-start justify-between gap-4">
            <Radix.Title className="pt-1 text-base font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              {/* No tooltip: it would take the first Escape for itself. */}
              <button
                type="button"
                aria-label="Close"
                className="-mt-1 -mr-2 inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
              >
                <X className="size-4" strokeWidth={1.75} aria-hidden />
              </button>
            </Radix.Close>
          </div>
          {description ? (
            <Radix.Description className="mb-4 text-muted">{description}</Radix.Description>
          ) : null}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** Slides in from the left and covers the page: the rail on a phone. */
export function Sheet({
  open,
  onOpenChange,
  title,
  children,
}: {
  open: boolean
  onOpenChange(open: boolean): void
  title: string
  children: ReactNode
}) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={overlay} />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-y-0 left-0 z-50 w-[280px] max-w-[85vw] animate-sheet-in border-r border-line bg-rail shadow-float"
        >
          <Radix.Title className="sr-only">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
