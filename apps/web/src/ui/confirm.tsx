'use client'

import { AlertDialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { buttonClass } from './button.tsx'

/** Asks before something that cannot be taken back. `children` is the button that opens it. */
export function Confirm({
  title,
  description,
  action,
  onConfirm,
  children,
}: {
  title: string
  description: string
  action: string
  onConfirm(): void
  children: ReactNode
}) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger asChild>{children}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-40 animate-fade-in bg-black/30 dark:bg-black/55" />
        <AlertDialog.Content className="fixed top-[24vh] left-1/2 z-50 w-[calc(100vw-32px)] max-w-md -translate-x-1/2 animate-pop-in rounded-xl border border-line bg-raised p-5 shadow-float">
          <AlertDialog.Title className="text-base font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-1 text-muted">{description}</AlertDialog.Description>
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Cancel className={buttonClass({ kind: 'quiet' })}>Keep it</AlertDialog.Cancel>
            <AlertDialog.Action className={buttonClass({ kind: 'danger' })} onClick={onConfirm}>
              {action}
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
