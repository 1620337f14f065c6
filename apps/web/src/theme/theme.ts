'use client'

import { useSyncExternalStore } from 'react'
import { THEME_KEY } from './theme-script.ts'

export type ThemeChoice = 'system' | 'light' | 'dark'

const listeners = new Set<() => void>()
const darkQuery = '(prefers-color-scheme: dark)'

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(THEME_KEY)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

function apply() {
  const choice = readChoice()
  const dark = choice === 'dark' || (choice === 'system' && matchMedia(darkQuery).matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  for (const listener of [...listeners]) listener()
}

function subscribe(listener: () => void) {
  if (listeners.size === 0) {
    matchMedia(darkQuery).addEventListener('change', apply)
    // Another tab's choice.
    window.addEventListener('storage', apply)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    matchMedia(darkQuery).removeEventListener('change', apply)
    window.removeEventListener('storage', apply)
  }
}

export function setTheme(choice: ThemeChoice) {
  try {
    if (choice === 'system') localStorage.removeItem(THEME_KEY)
    else localStorage.setItem(THEME_KEY, choice)
  } catch {
    // Storage is switched off: the choice holds for nothing, the system's theme stays.
  }
  apply()
}

/** What the person chose, and what is shown because of it. On the server: system, light. */
export function useTheme(): { choice: ThemeChoice; dark: boolean } {
  const choice = useSyncExternalStore(subscribe, readChoice, () => 'system' as const)
  const dark = useSyncExternalStore(
    subscribe,
    () => document.documentElement.dataset.theme === 'dark',
    () => false,
  )
  return { choice, dark }
}
