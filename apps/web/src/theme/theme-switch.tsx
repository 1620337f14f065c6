'use client'

import { Monitor, Moon, Sun } from 'lucide-react'
import { ToggleGroup } from 'radix-ui'
import { setTheme, type ThemeChoice, useTheme } from './theme.ts'

const choices = [
  { value: 'system', label: 'System', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
] as const

export function ThemeSwitch() {
  const { choice } = useTheme()
  return (
    <ToggleGroup.Root
      type="single"
      value={choice}
      // Radix sends '' when the pressed item is pressed again: the choice stays.
      onValueChange={value => value && setTheme(value as ThemeChoice)}
      aria-label="Theme"
      className="inline-flex rounded-md border border-line bg-sunken p-0.5"
    >
      {choices.map(({ value, label, icon: Icon }) => (
        <ToggleGroup.Item
          key={value}
          value={value}
          className="flex h-7 items-center gap-1.5 rounded px-2.5 text-xs text-muted hover:text-text data-[state=on]:bg-raised data-[state=on]:text-text data-[state=on]:shadow-sm"
        >
          <Icon className="size-3.5" aria-hidden />
          {label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
