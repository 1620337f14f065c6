'use client'

import { Tooltip } from 'radix-ui'
import type { ReactNode } from 'react'
import { Toaster } from 'sonner'
import { useTheme } from '../theme/theme.ts'

export function UiProviders({ children }: { children: ReactNode }) {
  const { dark } = useTheme()
  return (
    <Tooltip.Provider delayDuration={350} skipDelayDuration={200}>
      {children}
      <Toaster
        theme={dark ? 'dark' : 'light'}
        position="bottom-left"
        gap={8}
        toastOptions={{
          style: {
            background: 'var(--raised)',
            color: 'var(--text)',
            borderColor: 'var(--line-strong)',
            fontFamily: 'var(--font-sans)',
            fontSize: '13px',
          },
        }}
      />
    </Tooltip.Provider>
  )
}
