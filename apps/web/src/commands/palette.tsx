'use client'

import { useAccounts, useLabels } from '@inlet/client/react'
import { Command } from 'cmdk'
import { AtSign, Hash, Monitor, Moon, Plus, Search, Settings, Sun } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { Dialog } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { oneOfEachName } from '@/inbox/same-labels.ts'
import { usePlace } from '@/inbox/use-place.ts'
import { type InboxPlace, placeHref } from '@/inbox/view.ts'
import { setTheme, type ThemeChoice } from '@/theme/theme.ts'
import { Keys } from '@/ui/keys.tsx'
import { useCommandCenter } from './command-center.tsx'
import { keysOf, type ShortcutId, shortcutIds, shortcuts } from './shortcuts.ts'

const themes: readonly { choice: ThemeChoice; name: string; icon: ReactNode }[] = [
  { choice: 'system', name: 'Theme: like the system', icon: <Monitor /> },
  { choice: 'light', name: 'Theme: light', icon: <Sun /> },
  { choice: 'dark', name: 'Theme: dark', icon: <Moon /> },
]
/** Of no use in a list of commands: moving a step, and the palette itself. */
const notListed = new Set<ShortcutId>([
  'list.next',
  'list.previous',
  'list.open',
  'list.select',
  'list.top',
  'thread.close',
  'app.palette',
  'app.search',
])

export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-fade-in bg-black/25 dark:bg-black/50" />
        <Dialog.Content
          aria-describedby={undefined}
          data-testid="palette"
          className="fixed top-[14vh] left-1/2 z-50 w-[calc(100vw-24px)] max-w-xl -translate-x-1/2 animate-pop-in overflow-hidden rounded-xl border border-line bg-raised shadow-float"
        >
          <Dialog.Title className="sr-only">Commands</Dialog.Title>
          <Commands onDone={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Commands({ onDone }: { onDone(): void }) {
  const [text, setText] = useState('')
  const center = useCommandCenter()
  const router = useRouter()
  const { place, go, onInbox } = usePlace()
  const { accounts } = useAccounts()
  const { labels } = useLabels()

  const then = (run: () => void) => () => {
    onDone()
    // After the dialog has given the focus back: a command may move it.
    requestAnimationFrame(run)
  }
  const visit = (change: Partial<InboxPlace>) =>
    then(() => {
      const next: InboxPlace = {
        ...place,
        query: '',
        threadId: null,
        labelId: null,
        role: 'inbox',
        ...change,
      }
      if (onInbox) go(next)
      else router.push(placeHref(next))
    })
  const query = text.trim()

  return (
    <Command label="Commands" loop>
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Search className="size-4 text-faint" strokeWidth={1.75} aria-hidden />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Search mail, or type a command"
          className="h-12 flex-1 bg-transparent text-base outline-none placeholder:text-faint"
        />
      </div>
      <Command.List className="max-h-[min(420px,56vh)] overflow-y-auto p-2">
        {query ? (
          <Item
            icon={<Search />}
            value={`search ${query}`}
            keywords={[query]}
            onSelect={visit({ query, role: null })}
          >
            Search mail for “{query}”
          </Item>
        ) : null}
        <Group name="Commands">
          {shortcutIds
            .filter(id => !notListed.has(id) && center.has(id))
            .map(id => (
              <Item
                key={id}
                value={shortcuts[id].title}
                keys={keysOf(id)}
                onSelect={then(() => center.run(id))}
              >
                {shortcuts[id].title}
              </Item>
            ))}
        </Group>
        {accounts.length > 1 ? (
          <Group name="Accounts">
            {accounts.map(account => (
              <Item
                key={account.id}
                icon={<AtSign />}
                value={account.email}
                onSelect={visit({ accountId: account.id })}
              >
                {account.email}
              </Item>
            ))}
          </Group>
        ) : null}
        <Group name="Labels">
          {oneOfEachName(labels)
            .filter(label => label.role === null && !label.hidden)
            .map(label => (
              <Item
                key={label.id}
                icon={<Hash />}
                value={`label ${label.name} ${label.id}`}
                onSelect={visit({ labelId: label.id, role: null })}
              >
                {label.name}
              </Item>
            ))}
        </Group>
        <Group name="Inlet">
          <Item icon={<Plus />} value="Connect an account" onSelect={then(() => router.push('/connect'))}>
            Connect an account
          </Item>
          <Item icon={<Settings />} value="Open settings" onSelect={then(() => router.push('/settings'))}>
            Open settings
          </Item>
          {themes.map(({ choice, name, icon }) => (
            <Item key={choice} icon={icon} value={name} onSelect={then(() => setTheme(choice))}>
              {name}
            </Item>
          ))}
        </Group>
      </Command.List>
    </Command>
  )
}

function Group({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={name}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:text-faint"
    >
      {children}
    </Command.Group>
  )
}

function Item({
  icon,
  keys,
  value,
  keywords,
  onSelect,
  children,
}: {
  icon?: ReactNode
  keys?: string
  value: string
  keywords?: string[]
  onSelect(): void
  children: ReactNode
}) {
  return (
    <Command.Item
      value={value}
      {...(keywords ? { keywords } : {})}
      onSelect={onSelect}
      className="flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 text-muted data-[selected=true]:bg-selected data-[selected=true]:text-text [&_svg]:size-4 [&_svg]:stroke-[1.75]"
    >
      {icon ?? <span className="size-4" aria-hidden />}
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {keys ? <Keys keys={keys} /> : null}
    </Command.Item>
  )
}
