'use client'

import { Tooltip } from 'radix-ui'
import type { ReactNode } from 'react'
import { Keys } from './keys.tsx'

/** A tooltip. Its child must be one focusable element that has a name of its own. */
export function Hint({
  label,
  keys,
  side = 'bottom',
  children,
}: {
  label: ReactNode
  keys?: string | undefined
  side?: 'top' | 'bottom' | 'right'
  children: ReactNode
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex animate-fade-in items-center gap-2 rounded-md border border-line bg-raised px-2 py-1 text-xs text-text shadow-float"
        >
          {label}
          {keys ? <Keys keys={keys} /> : null}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
