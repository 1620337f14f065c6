'use client'

import { LiveMirrorProvider } from '@inlet/client/react'
import { useRouter } from 'next/navigation'
import { type ReactNode, useState } from 'react'
import { CommandCenterProvider, useCommands } from '@/commands/command-center.tsx'
import { Palette } from '@/commands/palette.tsx'
import { ShortcutHelp } from '@/commands/shortcut-help.tsx'
import { setTheme, useTheme } from '@/theme/theme.ts'

/** Around every signed-in page: one mirror that lives on from page to page, the shortcuts, the palette. */
export function MirrorShell({ userId, children }: { userId: string; children: ReactNode }) {
  return (
    <LiveMirrorProvider userId={userId}>
      <CommandCenterProvider>
        {children}
        <Everywhere />
      </CommandCenterProvider>
    </LiveMirrorProvider>
  )
}

function Everywhere() {
  const router = useRouter()
  const { dark } = useTheme()
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  useCommands({
    'app.palette': () => setPalette(open => !open),
    'app.help': () => setHelp(true),
    'app.theme': () => setTheme(dark ? 'light' : 'dark'),
    'go.settings': () => router.push('/settings'),
  })
  return (
    <>
      <Palette open={palette} onOpenChange={setPalette} />
      <ShortcutHelp open={help} onOpenChange={setHelp} />
    </>
  )
}
